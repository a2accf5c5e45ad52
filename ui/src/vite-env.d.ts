declare module 'virtual:diagram-frame' {
  const address: string;
  export default address;
}
