// Names for what the page sends. The server knows a repeated message by this name, so it must never be reused.

export function newId() {
  const source = window.crypto || {};
  if (source.randomUUID) return source.randomUUID();
  const bytes = new Uint8Array(16);
  if (source.getRandomValues) source.getRandomValues(bytes);
  else bytes.forEach((_, i) => { bytes[i] = Math.floor(Math.random() * 256); });
  bytes[6] = (bytes[6] & 0x0f) | 0x40; // version 4
  bytes[8] = (bytes[8] & 0x3f) | 0x80; // RFC 4122 variant
  const hex = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
