// A canvas as a PNG that says of itself that AI made it, by a mark of labels.py, which stands in the
// file as `labels.put` puts it there.

const crc = (data) => {
  let sum = ~0;
  for (const byte of data) {
    sum ^= byte;
    for (let k = 0; k < 8; k++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum;
};

function marked(canvas, packet) {
  // Keyword, not compressed, no language, no translated keyword: PNG, 11.3.4.5.
  const body = new TextEncoder().encode(`iTXtXML:com.adobe.xmp\0\0\0\0\0${packet}`);
  const chunk = new Uint8Array(body.length + 8), numbers = new DataView(chunk.buffer);
  numbers.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  numbers.setInt32(body.length + 4, crc(body));
  const raw = atob(canvas.toDataURL("image/png").split(",")[1]);
  const png = Uint8Array.from(raw, (sign) => sign.charCodeAt(0));
  const header = 8 + 25; // the signature and IHDR, behind which it goes
  return new Blob([png.subarray(0, header), chunk, png.subarray(header)], { type: "image/png" });
}

// The packet with what the visitor looks at, which joins the address in it.
function looking(packet, view) {
  const more = new URLSearchParams(Object.entries(view).filter(([, value]) => value !== ""));
  return packet.replace(/aigc:Address="[^"]*/, (address) =>
    `${address}&amp;${String(more).replaceAll("&", "&amp;")}`);
}
