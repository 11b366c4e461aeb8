/**
 * The map: MapLibre with our own points on a plain ground, its worker from our own origin, names set in the fonts of
 * this machine. Nothing is asked of anybody else unless the settings name a ground map. Loaded on the map page alone.
 */

import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl, type ExpressionSpecification, type GeoJSONSource, type LayerSpecification, type StyleSpecification } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';

import { palette, type Palette } from '../chart/palette';
import type { Places } from './places';

setWorkerUrl(workerUrl);

/** Words of the map's own controls. */
export interface MapWords {
  title: string;
  zoomIn: string;
  zoomOut: string;
}

export interface Drawn {
  show(places: Places): void;
  /** Marks a place and brings it into view; null marks none. */
  mark(id: string | null): void;
  /** Draws anew after the colours changed. */
  recolour(): void;
  end(): void;
}

const SOURCE = 'places';
/** Quảng Ninh, until there is something to fit to. */
const PROVINCE: [number, number, number, number] = [106.4, 20.7, 108.1, 21.7];
const FONTS = ['system-ui', 'Roboto', 'Noto Sans', 'Segoe UI', 'Arial', 'sans-serif'];

const isUnit: ExpressionSpecification = ['==', ['get', 'kind'], 'unit'];
const isMarked: ExpressionSpecification = ['boolean', ['feature-state', 'marked'], false];
/** The area of a circle grows with the sessions. */
const radius: ExpressionSpecification = ['case', isUnit, ['min', 22, ['+', 9, ['*', 1.4, ['sqrt', ['get', 'sessions']]]]], 6];

function byState(values: Readonly<Record<'confirmed' | 'done' | 'zero' | 'unheard', string>>, other: string): ExpressionSpecification {
  return ['match', ['get', 'state'], 'confirmed', values.confirmed, 'done', values.done, 'zero', values.zero, 'unheard', values.unheard, other];
}

function layers(colours: Palette): LayerSpecification[] {
  return [
    {
      id: 'points',
      type: 'circle',
      source: SOURCE,
      layout: { 'circle-sort-key': ['case', isUnit, ['-', 0, ['get', 'sessions']], 1] },
      paint: {
        'circle-radius': radius,
        'circle-color': byState({ confirmed: colours.green, done: colours.greenSoft, zero: colours.card, unheard: colours.amberSoft }, colours.paper),
        'circle-stroke-color': ['case', isMarked, colours.red, byState({ confirmed: colours.card, done: colours.green, zero: colours.edge, unheard: colours.amber }, colours.edge)],
        'circle-stroke-width': ['case', isMarked, 4, 2],
      },
    },
    {
      id: 'names',
      type: 'symbol',
      source: SOURCE,
      layout: {
        'text-field': ['get', 'name'],
        'text-font': FONTS,
        'text-size': ['case', isUnit, 13, 12],
        'text-variable-anchor': ['left', 'right', 'top', 'bottom'],
        'text-radial-offset': ['/', ['+', radius, 4], 13],
        'text-justify': 'auto',
        'symbol-sort-key': ['case', isUnit, ['-', 0, ['get', 'sessions']], 1],
      },
      paint: { 'text-color': colours.ink, 'text-halo-color': colours.card, 'text-halo-width': 1.5 },
    },
    {
      id: 'figures',
      type: 'symbol',
      source: SOURCE,
      filter: isUnit,
      layout: {
        'text-field': ['match', ['get', 'state'], 'unheard', '?', 'unassigned', '–', ['to-string', ['get', 'sessions']]],
        'text-font': FONTS,
        'text-size': 12,
        'text-allow-overlap': true,
        // Names keep clear of the figures.
        'text-padding': 9,
      },
      paint: { 'text-color': byState({ confirmed: colours.card, done: colours.ink, zero: colours.ink, unheard: colours.amber }, colours.ink2) },
    },
  ];
}

function plain(places: Places): StyleSpecification {
  const colours = palette();
  return {
    version: 8,
    sources: { [SOURCE]: { type: 'geojson', data: places, promoteId: 'id' } },
    layers: [{ id: 'ground', type: 'background', paint: { 'background-color': colours.paper } }, ...layers(colours)],
  };
}

function extent(places: Places): [number, number, number, number] {
  const points = places.features.map((feature) => feature.geometry.coordinates);
  if (points.length === 0) return PROVINCE;
  const [xs, ys] = [points.map(([x = 0]) => x), points.map(([, y = 0]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/**
 * Draws the places into an element. `ground` is the address of a MapLibre style for what lies below them, or null;
 * `failed` is called when it cannot be had, and the plain ground stays.
 */
export function draw(
  container: HTMLElement,
  places: Places,
  { words, ground, picked, idle, failed }: { words: MapWords; ground: string | null; picked: (id: string) => void; idle: () => void; failed: () => void },
): Drawn {
  const padding = { top: 32, bottom: 48, left: 110, right: 140 };
  const map = new MapLibre({
    container,
    style: plain(places),
    bounds: extent(places),
    fitBoundsOptions: { padding, maxZoom: 12 },
    attributionControl: ground === null ? false : { compact: true },
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    locale: { 'Map.Title': words.title, 'NavigationControl.ZoomIn': words.zoomIn, 'NavigationControl.ZoomOut': words.zoomOut },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({ unit: 'metric' }), 'bottom-left');
  let shown = places;
  let marked: string | null = null;
  /** What is shown and marked before the style is there waits for it. */
  let ready = false;

  function restyle(): void {
    const own = plain(shown);
    if (ground === null) {
      map.setStyle(own);
      return;
    }
    map.setStyle(ground, {
      // Names are set in local fonts, so a ground map's server of letters is not asked either.
      transformStyle: (_, { glyphs: _glyphs, ...below }) => ({
        ...below,
        sources: { ...below.sources, ...own.sources },
        layers: [...below.layers, ...own.layers.slice(1)],
      }),
    });
  }

  function setMark(id: string | null, is: boolean): void {
    if (id !== null && ready) map.setFeatureState({ source: SOURCE, id }, { marked: is });
  }

  function look(): void {
    const place = shown.features.find((feature) => feature.properties.id === marked);
    const [x, y] = place?.geometry.coordinates ?? [];
    if (x !== undefined && y !== undefined) map.jumpTo({ center: [x, y], zoom: Math.max(map.getZoom(), 9.5) });
  }

  map.once('load', () => {
    ready = true;
    if (ground !== null) restyle();
    map.getSource<GeoJSONSource>(SOURCE)?.setData(shown);
  });
  // A style that is new has forgotten what was marked.
  map.on('style.load', () => {
    if (ready) setMark(marked, true);
  });
  map.on('sourcedata', (event) => {
    if (event.sourceId === SOURCE && event.isSourceLoaded) setMark(marked, true);
  });
  map.on('error', () => {
    if (ground === null) return;
    failed();
  });
  map.on('idle', idle);
  map.on('click', 'points', (event) => {
    const id = event.features?.[0]?.properties['id'] as unknown;
    if (typeof id === 'string') picked(id);
  });
  map.on('mouseenter', 'points', () => (map.getCanvas().style.cursor = 'pointer'));
  map.on('mouseleave', 'points', () => (map.getCanvas().style.cursor = ''));

  return {
    show(next) {
      shown = next;
      if (ready) map.getSource<GeoJSONSource>(SOURCE)?.setData(next);
      map.fitBounds(extent(next), { padding, maxZoom: 12, animate: false });
      look();
    },
    mark(id) {
      setMark(marked, false);
      marked = id;
      setMark(marked, true);
      look();
    },
    recolour: restyle,
    end: () => map.remove(),
  };
}
