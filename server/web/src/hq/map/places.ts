/** What the map shows: points with the figures of a unit or a village. */

import type { State } from '../coverage/rows';

export interface PlaceFigures {
  kind: 'unit' | 'village';
  id: string;
  name: string;
  sessions: number;
  confirmed: number;
  planned: number | null;
  last_day: string | null;
  state: State;
}

export interface Place {
  type: 'Feature';
  geometry: { type: 'Point'; coordinates: number[] };
  properties: PlaceFigures;
}

export interface Places {
  type: 'FeatureCollection';
  features: Place[];
}

/** Whether this browser can draw a map at all. */
export function canDraw(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null;
  } catch {
    return false;
  }
}
