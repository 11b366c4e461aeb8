//! What headquarters enters in the sample: material issued, club meetings, media, context figures. And rounds of the
//! guards to the panels near them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::id::UnixMs;
use sync_core::record::{CivilDate, Draft, Line, PanelCheckEdit, Patch};

use super::devices::{Carrier, Dice};
use super::{DAY_MS, DAYS, PEOPLE, SampleError};
use crate::coverage::calendar::{day_text, local_day};
use crate::field::Field;

/// Issued to each post in a quarter, by kind.
const ISSUED: &[(&str, i64)] = &[("leaflet", 900), ("folder", 120), ("handbook", 60)];
/// What everything here is marked with.
const MARK: &str = "Dữ liệu mẫu";

/// Enters a year of what a coordinator enters, through the coordinator's device.
pub(super) async fn enter(field: &mut Field, now: UnixMs) -> Result<(), SampleError> {
    let today = local_day(now.0);
    let posts: BTreeSet<&str> = PEOPLE.iter().filter_map(|person| person.post).collect();
    for quarter in 0..4 {
        let day = day_text(today - DAYS + 3 + 91 * quarter);
        for post in &posts {
            for (kind, quantity) in ISSUED {
                let issue = json!({ "post": post, "kind": kind, "quantity": quantity, "issued_on": day, "note": MARK });
                post_json(field, "/v1/material/issues", &issue).await?;
            }
        }
    }
    let clubs: Vec<String> = field.reference().items().clubs.iter().map(|club| club.id.clone()).collect();
    for month in 0..12 {
        let day = today - 340 + 30 * month;
        for (at, club) in (0..).zip(&clubs) {
            // Some clubs meet each month, one every other.
            if at == 4 && month % 2 == 1 {
                continue;
            }
            let meeting = json!({ "held_on": day_text(day - at), "meetings": 1, "note": MARK });
            post_json(field, &format!("/v1/clubs/{club}/meetings"), &meeting).await?;
        }
        for media in [
            json!({ "kind": "news_item", "published_on": day_text(day), "quantity": 2 + month % 3, "note": MARK }),
            json!({ "kind": "article", "published_on": day_text(day - 4), "quantity": 1 + month % 2, "note": MARK }),
            json!({ "kind": "broadcast", "published_on": day_text(day - 6), "quantity": 12, "minutes": 96,
                "unit": "2025-06841", "note": MARK }),
            json!({ "kind": "broadcast", "published_on": day_text(day - 7), "quantity": 8, "minutes": 60,
                "unit": "2025-06838", "note": MARK }),
        ] {
            post_json(field, "/v1/media", &media).await?;
        }
    }
    // Of the figures only these two stand in a public report, of December 2023: 391, and 31 fewer than the year before.
    let source = "Báo chí tháng 12/2023 (dữ liệu mẫu)";
    for (year, quantity) in [(2022, 422), (2023, 391)] {
        let figure = json!({ "code": "illegal_exits", "from": format!("{year}-01-01"), "to": format!("{year}-12-31"),
            "quantity": quantity, "source": source });
        post_json(field, "/v1/figures", &figure).await?;
    }
    Ok(())
}

async fn post_json(field: &mut Field, path: &str, body: &Value) -> Result<(), SampleError> {
    field.call("POST", path, Some(body.to_string().into_bytes())).await?;
    Ok(())
}

/// A round of a guard to most of the panels nearby.
pub(super) async fn look_at_panels(guard: &mut Carrier, date: CivilDate, dice: &mut Dice) -> Result<(), SampleError> {
    let code = |text: &str| text.parse().map_err(|_| SampleError::Lacks("a code"));
    for area in guard.person.area_ids() {
        let scope = guard.field.reference().scope(area);
        let panels = &guard.field.reference().items().panels;
        let near: Vec<String> =
            panels.iter().filter(|panel| scope.contains(&panel.body.area)).map(|panel| panel.id.clone()).collect();
        for site in near {
            if !dice.percent(70) {
                continue;
            }
            let Ok(site) = site.parse::<Line>() else { continue };
            let mut edit = PanelCheckEdit::default();
            edit.fields.site = Patch::Set(site);
            edit.fields.date = Patch::Set(date);
            let found = if dice.percent(75) {
                "good"
            } else if dice.percent(70) {
                "faded"
            } else {
                "outdated"
            };
            edit.conditions.add.insert(code(found)?);
            edit.fields.hotline_wrong = Patch::Set(found == "outdated");
            edit.note = Some(MARK.to_owned());
            guard.field.record(area, &Draft::PanelCheck(edit)).await?;
        }
    }
    Ok(())
}

/// When the rounds are: weeks of the story.
pub(super) const ROUNDS: [i64; 2] = [11, 37];

/// The day of a week's round.
pub(super) fn round_at(monday: UnixMs) -> UnixMs {
    UnixMs(monday.0 + 2 * DAY_MS)
}
