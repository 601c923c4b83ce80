/** Stands in for xmlbuilder2, which vtk.js pulls in for XML files that this viewer never reads or writes. */
export function create(): never {
  throw new Error('XML files are not read here');
}
