/** What a session is tagged with. The description of the API calls it an object; its shape is that of the server's read table. */

import type { Shape } from '../api';

export interface Tags {
  topics: string[];
  partners: string[];
  languages: string[];
  difficulties: string[];
  hotlines: string[];
  team: Record<string, number>;
}

const NONE: Tags = { topics: [], partners: [], languages: [], difficulties: [], hotlines: [], team: {} };

export function tagsOf(session: Shape<'Session'>): Tags {
  return { ...NONE, ...(session.tags as Partial<Tags>) };
}
