// A recording to be played. It is fetched with the session's header, as pictures are; what a browser cannot play is saved.

export class Sounds {
  constructor(call) {
    this.call = call;
    this.kept = {}; // name -> promise of an object URL
  }

  // A clip of the commune's own has a name of two parts, a file has none.
  address(name) {
    if (!this.kept[name]) {
      const path = name.indexOf("/") < 0 ? "/files/" + encodeURIComponent(name) : "/clips/" + name.split("/").map(encodeURIComponent).join("/");
      this.kept[name] = this.call(path, { bytes: true }).then((answer) => {
        if (answer.status !== 200) throw new Error("no such recording");
        return URL.createObjectURL(answer.blob);
      });
      this.kept[name].catch(() => { delete this.kept[name]; });
    }
    return this.kept[name];
  }

  element(name) {
    const box = document.createElement("div");
    box.className = "sound";
    const player = document.createElement("audio");
    player.controls = true;
    player.setAttribute("data-test", "sound");
    player.setAttribute("aria-label", "Lời ghi âm. Bấm để nghe");
    box.appendChild(player);
    this.address(name).then((address) => {
      player.addEventListener("error", () => box.replaceChildren(saved(address)));
      player.src = address;
    }).catch(() => { box.textContent = "Lời ghi âm không còn ở đây"; });
    return box;
  }
}

function saved(address) {
  const link = document.createElement("a");
  link.className = "document";
  link.href = address;
  link.download = "loi-ghi-am";
  link.textContent = "Tải lời ghi âm về máy để nghe";
  return link;
}
