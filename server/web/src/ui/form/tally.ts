/** Counts by code: material by kind, the team by role. An absent code says nothing; zero says none. */

/** The counts with this one set, or without it. */
export function withCount(counts: Readonly<Record<string, number>>, code: string, count: number | null): Record<string, number> {
  const { [code]: _, ...others } = counts;
  return count === null ? others : { ...others, [code]: count };
}
