// A picture as an address. Data has no origin, so that it is nobody's page where it is opened by itself. What would end or bend an
// address is written otherwise; the rest is left as it is, since it is long.
export const pictureAddress = (svg: string): string => `data:image/svg+xml;charset=utf-8,${svg.replace(/[%#\t\n\r]/g, encodeURIComponent)}`;
