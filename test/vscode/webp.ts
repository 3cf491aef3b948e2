import type { Browser } from 'playwright-core';

/** Half of a PNG's size and less, which a browser makes by itself. */
export async function toWebp(png: Buffer, browser: Browser): Promise<Buffer> {
  const page = await browser.newPage();
  try {
    // In the page's own words: this program has no such classes.
    const url = await page.evaluate(`(async () => {
      const image = new Image();
      image.src = 'data:image/png;base64,${png.toString('base64')}';
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext('2d').drawImage(image, 0, 0);
      return canvas.toDataURL('image/webp', 0.9);
    })()`);
    return Buffer.from(String(url).replace('data:image/webp;base64,', ''), 'base64');
  } finally {
    await page.close();
  }
}
