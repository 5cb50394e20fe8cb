const BLOCK = 512;
const NAME = 100;

/** The files as a tar archive (POSIX ustar, with a PAX header where a name is long or not ASCII). */
export async function archive(files: readonly File[]): Promise<Blob> {
  const parts: BlobPart[] = [];
  for (const file of files) {
    const name = new TextEncoder().encode(file.name);
    if (name.length >= NAME || name.length !== file.name.length) {
      const record = paxRecord("path", file.name);
      parts.push(header("PaxHeader", record.length, "x"), record, padding(record.length));
    }
    parts.push(header(file.name, file.size, "0"), file, padding(file.size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts);
}

function header(name: string, size: number, kind: "0" | "x"): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at);
  block.set(new TextEncoder().encode(name).slice(0, NAME - 1), 0);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  put(
    `${Math.floor(Date.now() / 1000)
      .toString(8)
      .padStart(11, "0")}\0`,
    136,
  );
  put("        ", 148);
  put(kind, 156);
  put("ustar\0", 257);
  put("00", 263);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** `<length> key=value\n`, the length counting itself (POSIX pax). */
function paxRecord(key: string, value: string): Uint8Array<ArrayBuffer> {
  const rest = new TextEncoder().encode(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  const record = new Uint8Array(length);
  record.set(new TextEncoder().encode(String(length)));
  record.set(rest, String(length).length);
  return record;
}

function padding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}
