// A picture as cameras make them: 12 megapixels with detail of every size, as a JPEG of quality 90. The same bytes each
// time.
import sharp from 'sharp';

const WIDTH = 4000;
const HEIGHT = 3000;

function noise(seed, count) {
  const bytes = Buffer.alloc(count);
  let state = seed >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

// Noise of ever finer grain, each layer fainter than the one before: how strong detail is in photographs falls about as
// fast as its size.
export async function makePicture() {
  const layers = [];
  for (let grain = 1024; grain >= 2; grain /= 2) {
    const width = Math.ceil(WIDTH / grain) + 1;
    const height = Math.ceil(HEIGHT / grain) + 1;
    const layer = await sharp(noise(grain, width * height * 3), { raw: { width, height, channels: 3 } })
      .resize(WIDTH, HEIGHT, { fit: 'fill', kernel: 'cubic' })
      .raw()
      .toBuffer();
    layers.push({ layer, weight: Math.pow(grain, 0.55) });
  }
  const sum = layers.reduce((all, { weight }) => all + weight, 0);
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let i = 0; i < pixels.length; i++) {
    let value = 0;
    for (const { layer, weight } of layers) value += (layer[i] - 128) * weight;
    pixels[i] = Math.max(0, Math.min(255, Math.round(128 + (2.2 * value) / sum)));
  }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 90, chromaSubsampling: '4:2:0' })
    .toBuffer();
}
