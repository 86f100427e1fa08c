// Time as the villager reads it: always Việt Nam's (UTC+7, no summer time), always by the server's clock.

const VIETNAM = 7 * 3600 * 1000;
const DAY = 24 * 3600 * 1000;
const WEEKDAYS = ["Chủ nhật", "thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy"];

let offset = 0; // server minus this machine, in milliseconds
let exact = false;

// The server told its own time: nothing is better than that.
export function learnNow(iso) {
  const told = Date.parse(iso);
  if (isNaN(told)) return;
  offset = told - Date.now();
  exact = true;
}

// A message can't come from the future, so it pushes a slow clock forward.
export function learnAt(iso) {
  const ahead = Date.parse(iso) - Date.now();
  if (!exact && ahead > offset) offset = ahead;
}

// The HTTP date is only good to a second, and a trial clock may run elsewhere.
export function learnHeader(value) {
  const told = Date.parse(value || "");
  if (!exact && !isNaN(told) && Math.abs(told - Date.now() - offset) > 5000) offset = told - Date.now();
}

export function now() {
  return Date.now() + offset;
}

export function nowIso() {
  return new Date(now()).toISOString();
}

export function dayOf(iso) {
  return Math.floor((Date.parse(iso) + VIETNAM) / DAY);
}

export function hour(iso) {
  const local = new Date(Date.parse(iso) + VIETNAM);
  return two(local.getUTCHours()) + ":" + two(local.getUTCMinutes());
}

// "Hôm nay", "Hôm qua", otherwise "thứ Sáu, 27/11/2026".
export function dayName(iso) {
  const back = Math.floor((now() + VIETNAM) / DAY) - dayOf(iso);
  if (back === 0) return "Hôm nay";
  if (back === 1) return "Hôm qua";
  const local = new Date(Date.parse(iso) + VIETNAM);
  const date = two(local.getUTCDate()) + "/" + two(local.getUTCMonth() + 1) + "/" + local.getUTCFullYear();
  return WEEKDAYS[local.getUTCDay()] + ", " + date;
}

// A running promise: how it stands in words, how pressing it is, and the share of its time already used (0 to 1).
export function standing(clock) {
  const from = Date.parse(clock.from);
  const until = Date.parse(clock.until);
  const left = until - now();
  const used = Math.min(1, Math.max(0, (now() - from) / Math.max(1, until - from)));
  if (left < 0) return { level: "late", words: late(-left), used: 1 };
  const soon = used > 0.75 || left < 5 * 60000;
  return { level: soon ? "soon" : "calm", words: left < 60000 ? "còn dưới 1 phút" : "còn " + length(left), used };
}

function late(passed) {
  return passed < 60000 ? "vừa quá hẹn" : "quá hẹn " + length(passed);
}

function length(milliseconds) {
  const minutes = Math.floor(milliseconds / 60000);
  if (minutes < 60) return minutes + " phút";
  if (minutes < 24 * 60) return Math.floor(minutes / 60) + " giờ" + (minutes % 60 ? " " + two(minutes % 60) + " phút" : "");
  const hours = Math.floor((minutes % 1440) / 60);
  return Math.floor(minutes / 1440) + " ngày" + (hours ? " " + hours + " giờ" : "");
}

function two(number) {
  return (number < 10 ? "0" : "") + number;
}
