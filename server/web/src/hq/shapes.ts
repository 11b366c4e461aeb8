/** Shapes of answers by the names the pages use; each is that of the API's own description. */

import type { Shape } from './api';

export type PostKind = 'post' | 'station' | 'team';
export type PostLine = Omit<Shape<'PostView'>, 'kind'> & { kind: PostKind };
export type PlanLine = Shape<'PlanView'>;
export type Stock = Shape<'Stock'>;
export type Issue = Shape<'Issue'>;
/** What every row that was entered by hand carries; `void` is the reason, when it was taken out of the sums. */
export type Entered = Shape<'Entered'>;
export type PanelRow = Shape<'Panel'>;
export type Panels = Shape<'Panels'>;
export type Club = Shape<'Club'>;
export type ClubMeeting = Shape<'ClubMeeting'>;
export type Clubs = Shape<'Clubs'>;
export type MediaKind = 'news_item' | 'article' | 'broadcast';
export type MediaRow = Omit<Shape<'MediaItem'>, 'kind'> & { kind: MediaKind };
export type Media = Omit<Shape<'Media'>, 'media'> & { media: MediaRow[] };
export type ContextFigure = Shape<'Figure'>;
export type Figures = Shape<'Figures'>;
export type TrendPeriod = Shape<'TrendPeriod'>;
export type Trend = Shape<'Trend'>;
export type AuditRow = Shape<'AuditRow'>;
export type AuditPage = Shape<'AuditPage'>;
export type Settings = Shape<'Settings'>;
export type ImportReport = Shape<'ImportReport'>;
