/** A page as it comes out of a printer: what stands on each sheet, and where. */

import { getDocumentProxy } from 'unpdf';

/** White space does not count: letters with marks are set one by one. */
export const compact = (text) => text.replace(/\s+/g, '');

/**
 * Prints the page on the paper it asks for. Each sheet has its size and its lines from top to bottom, each with its text
 * without white space and how far it reaches, in points from the left and the bottom.
 */
export async function printed(page) {
  const bytes = await page.pdf({ preferCSSPageSize: true, printBackground: false });
  const file = await getDocumentProxy(new Uint8Array(bytes));
  const sheets = [];
  for (let at = 1; at <= file.numPages; at += 1) {
    const sheet = await file.getPage(at);
    const [, , width, height] = sheet.view;
    const lines = new Map();
    for (const { str, transform, width: wide } of (await sheet.getTextContent()).items) {
      if (str.trim() === '') continue;
      const [x, y] = transform.slice(4);
      const line = lines.get(Math.round(y)) ?? { y, left: x, right: x, parts: [] };
      line.parts.push({ x, str });
      line.left = Math.min(line.left, x);
      line.right = Math.max(line.right, x + wide);
      lines.set(Math.round(y), line);
    }
    const ordered = [...lines.values()].sort((a, b) => b.y - a.y);
    const texts = ordered.map(({ y, left, right, parts }) => ({ y, left, right, text: compact(parts.sort((a, b) => a.x - b.x).map(({ str }) => str).join('')) }));
    sheets.push({ width, height, lines: texts });
  }
  return { bytes, sheets };
}
