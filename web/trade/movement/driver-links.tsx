/** Links for the driver of a movement. */
export function DriverLinks(_: { readonly movement: string }) {
  return null;
}
