/** The colours charts and maps draw with: those of the page's tokens at this moment, by day, night or out in the sun. */

export type Tone = 'now' | 'before' | 'plan' | 'unheard';

export interface Palette {
  ink: string;
  ink2: string;
  line: string;
  edge: string;
  card: string;
  paper: string;
  green: string;
  greenSoft: string;
  amber: string;
  amberSoft: string;
  red: string;
  font: string;
}

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (token: string) => style.getPropertyValue(`--${token}`).trim();
  return {
    ink: of('ink'),
    ink2: of('ink-2'),
    line: of('line'),
    edge: of('edge'),
    card: of('card'),
    paper: of('paper'),
    green: of('green'),
    greenSoft: of('green-soft'),
    amber: of('amber'),
    amberSoft: of('amber-soft'),
    red: of('red'),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** Calls back when the colours become others; returns the way out. */
export function onPalette(changed: () => void): () => void {
  const night = matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(changed);
  night.addEventListener('change', changed);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-display'] });
  return () => {
    night.removeEventListener('change', changed);
    chosen.disconnect();
  };
}
