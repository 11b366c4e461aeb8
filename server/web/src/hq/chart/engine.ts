/** Chart.js with the parts these pages draw with, and nothing else of it; loaded only where a chart is. */

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
  type ChartConfiguration,
  type ChartDataset,
} from 'chart.js';

import { number } from '../../i18n/format';
import type { Lang } from '../../device/contract';
import { palette, type Palette, type Tone } from './palette';

Chart.register(BarController, BarElement, CategoryScale, Filler, Legend, LinearScale, LineController, LineElement, PointElement, Tooltip);

export interface Series {
  name: string;
  tone: Tone;
  /** One for each label; null where nothing is known. */
  values: readonly (number | null)[];
}

export interface Drawing {
  labels: readonly string[];
  series: readonly Series[];
  lang: Lang;
  /** The numbers are shares of a hundred. */
  percent?: boolean;
}

type Kind = 'bar' | 'line';

/** Tones differ in form too: full bars, hollow bars, a dash to be reached, a line with diamonds. */
function dataset(series: Series, colours: Palette): ChartDataset<Kind, (number | null)[]> {
  const data = [...series.values];
  switch (series.tone) {
    case 'now':
      return { type: 'bar', label: series.name, data, backgroundColor: colours.green, borderColor: colours.green, borderWidth: 1.5, borderRadius: 3, pointStyle: 'rect', order: 2 };
    case 'before':
      return { type: 'bar', label: series.name, data, backgroundColor: colours.greenSoft, borderColor: colours.edge, borderWidth: 1.5, borderRadius: 3, pointStyle: 'rect', order: 3 };
    case 'plan':
      return { type: 'line', label: series.name, data, borderColor: colours.ink, backgroundColor: colours.ink, borderWidth: 2.5, pointStyle: 'line', pointRadius: 15, pointHoverRadius: 15, pointBorderWidth: 2.5, showLine: false, order: 1 };
    case 'unheard':
      return { type: 'line', label: series.name, data, borderColor: colours.amber, backgroundColor: colours.amberSoft, fill: 'origin', borderWidth: 2, pointStyle: 'rectRot', pointRadius: 5, pointBackgroundColor: colours.amber, tension: 0, order: 1 };
  }
}

function configuration(drawing: Drawing): ChartConfiguration<Kind, (number | null)[], string> {
  const colours = palette();
  const say = (value: number) => `${number(Math.round(value), drawing.lang)}${drawing.percent ? ' %' : ''}`;
  const font = { family: colours.font, size: 13 };
  return {
    type: 'bar',
    data: { labels: [...drawing.labels], datasets: drawing.series.map((series) => dataset(series, colours)) },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: 'index', intersect: false },
      layout: { padding: { top: 4, right: 8 } },
      scales: {
        x: {
          grid: { display: false },
          border: { color: colours.edge },
          ticks: { color: colours.ink2, font, maxRotation: 0, autoSkipPadding: 8 },
        },
        y: {
          beginAtZero: true,
          ...(drawing.percent && { max: 100 }),
          grid: { color: colours.line },
          border: { display: false },
          ticks: { color: colours.ink2, font, precision: 0, maxTicksLimit: 6, callback: (value) => say(Number(value)) },
        },
      },
      plugins: {
        legend: { position: 'top', align: 'start', labels: { color: colours.ink, font, usePointStyle: true, pointStyleWidth: 22, boxHeight: 9, padding: 16, sort: (a, b) => (a.datasetIndex ?? 0) - (b.datasetIndex ?? 0) } },
        tooltip: {
          backgroundColor: colours.ink,
          titleColor: colours.paper,
          bodyColor: colours.paper,
          titleFont: font,
          bodyFont: font,
          padding: 10,
          usePointStyle: true,
          callbacks: { label: (item) => ` ${item.dataset.label ?? ''}: ${item.parsed.y === null ? '–' : say(item.parsed.y)}` },
        },
      },
    },
  };
}

/** Draws into a canvas; `redraw` with other numbers or after the colours changed. */
export function draw(canvas: HTMLCanvasElement, drawing: Drawing): { redraw: (drawing: Drawing) => void; end: () => void } {
  let chart = new Chart(canvas, configuration(drawing));
  return {
    redraw(next) {
      chart.destroy();
      chart = new Chart(canvas, configuration(next));
    },
    end: () => chart.destroy(),
  };
}
