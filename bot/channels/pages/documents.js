// A paper to keep or print: a link that saves it under its name. It is fetched with the session's header, as pictures are.

export class Documents {
  constructor(call) {
    this.call = call;
    this.kept = {}; // file id -> promise of {address, name}
  }

  fetched(file) {
    if (!this.kept[file]) {
      this.kept[file] = this.call("/files/" + encodeURIComponent(file), { bytes: true }).then((answer) => {
        if (answer.status !== 200) throw new Error("no such document");
        return { address: URL.createObjectURL(answer.blob), name: answer.name || "van-ban.pdf" };
      });
      this.kept[file].catch(() => { delete this.kept[file]; });
    }
    return this.kept[file];
  }

  element(file) {
    const link = document.createElement("a");
    link.className = "document";
    link.setAttribute("data-test", "document");
    link.textContent = "Đang tải…";
    this.fetched(file).then(({ address, name }) => {
      link.href = address;
      link.download = name;
      link.textContent = name;
      link.setAttribute("aria-label", "Tải về: " + name);
    }).catch(() => { link.textContent = "Văn bản đã gửi"; });
    return link;
  }
}
