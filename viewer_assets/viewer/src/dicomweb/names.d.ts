declare module 'virtual:dicom-names' {
  /** Keywords by tag, eight hexadecimal digits. */
  const names: Record<string, string | undefined>;
  export default names;
}
