/** Villages and panels to choose from: those used lately and the own areas first, any by name. */
import type { PanelLine, VillageLine } from '../contract';
import type { Desk } from '../desk';
import { fold } from './names';
import type { Place } from './reference';

const RECENT = 8;

/** Folded search; without words: recent ones, then the own areas by name. */
export function villages(desk: Desk, text: string, limit: number): VillageLine[] {
  const { last, recent } = used(desk, 'session');
  const { reference } = desk;
  const all = fold(text) === '' ? [...reference.places].sort((a, b) => compare(fold(a.name), fold(b.name))) : reference.find(text);
  const rank = (place: Place): number => {
    const at = fold(text) === '' ? recent.indexOf(place.ref) : -1;
    return at >= 0 ? at : place.own ? RECENT : RECENT + 1;
  };
  const ranked = all.map((place, order) => ({ place, order, rank: rank(place) }));
  ranked.sort((a, b) => a.rank - b.rank || a.order - b.order);
  return ranked.slice(0, limit).map(({ place }) => ({
    ref: place.ref,
    kind: place.kind,
    name: place.name,
    formerNames: place.formerNames,
    area: place.area,
    commune: place.area === null ? '' : reference.areaName(place.area),
    own: place.own,
    recent: recent.includes(place.ref),
    lastDate: last.get(place.ref) ?? null,
    sample: place.sample,
  }));
}

export function panels(desk: Desk, text: string, limit: number): PanelLine[] {
  const { last } = used(desk, 'panel_check');
  const { reference } = desk;
  const found = reference.findPanels(text).map((panel, order) => ({ panel, order }));
  found.sort((a, b) => Number(b.panel.own) - Number(a.panel.own) || a.order - b.order);
  return found.slice(0, limit).map(({ panel }) => ({
    site: panel.id,
    name: panel.name,
    area: panel.area,
    commune: reference.areaName(panel.area),
    own: panel.own,
    lastCheck: last.get(panel.id) ?? null,
    sample: panel.sample,
  }));
}

/** The last day known at each place, and the places this person was at lately, the newest first. */
function used(desk: Desk, kind: 'session' | 'panel_check'): { last: Map<string, string>; recent: string[] } {
  const last = new Map<string, string>();
  const recent: string[] = [];
  const { recorder } = desk.access.profile;
  for (const { summary } of desk.records.rows()) {
    if (summary.kind !== kind || typeof summary.void === 'string' || !summary.place) continue;
    if (summary.date && !last.has(summary.place)) last.set(summary.place, summary.date);
    const mine = summary.recorder === recorder && recent.length < RECENT;
    if (mine && !recent.includes(summary.place)) recent.push(summary.place);
  }
  return { last, recent };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
