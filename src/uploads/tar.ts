const blockBytes = 512;
const maxNameBytes = 100;

/** One file of a tar archive (POSIX ustar), its header before it, filled up to whole blocks. */
export function tarFile(name: string, content: Buffer, modifiedAt: Date): Buffer {
  const header = Buffer.alloc(blockBytes);
  const put = (text: string, offset: number): void => {
    header.write(text, offset, 'latin1');
  };
  if (Buffer.byteLength(name) > maxNameBytes || /[^\x21-\x7e]/.test(name))
    throw new Error(`cannot archive a file as ${name}: at most ${maxNameBytes} plain characters`);
  put(name, 0);
  put(octal(0o644, 8), 100);
  put(octal(0, 8), 108);
  put(octal(0, 8), 116);
  put(octal(content.length, 12), 124);
  put(octal(Math.floor(modifiedAt.getTime() / 1000), 12), 136);
  // The checksum is made with its own field blank.
  put(' '.repeat(8), 148);
  put('0', 156);
  put('ustar\x0000', 257);
  put('root', 265);
  put('root', 297);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${octal(sum, 7)} `, 148);
  const fill = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes);
  return Buffer.concat([header, content, fill]);
}

/** What ends an archive: two blocks of zeros. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

/** So many characters, the last of them zero. */
function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`.slice(-length);
}
