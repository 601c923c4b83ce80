/** Gives a file to the user. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => { URL.revokeObjectURL(url); }, 60_000);
}

/** Prints one picture, `width` millimetres wide where the paper has room, and nothing else of the page. */
export async function print(blob: Blob, width: number): Promise<void> {
  const url = URL.createObjectURL(blob);
  const sheet = document.createElement('img');
  sheet.className = 'print-sheet';
  sheet.style.width = `${width}mm`;
  sheet.src = url;
  document.body.append(sheet);
  await sheet.decode();
  const clear = () => {
    sheet.remove();
    URL.revokeObjectURL(url);
  };
  addEventListener('afterprint', clear, { once: true });
  window.print();
}
