// Runs only in browsers too old for the page itself: says what to do instead.
document.addEventListener("DOMContentLoaded", function () {
  var line = document.createElement("p");
  line.className = "stopped";
  line.appendChild(document.createTextNode(
    "Điện thoại này dùng trình duyệt quá cũ. Xin ông/bà cập nhật trình duyệt, gọi điện, hoặc đến Bộ phận Một cửa của xã."
  ));
  document.body.insertBefore(line, document.body.firstChild);
});
