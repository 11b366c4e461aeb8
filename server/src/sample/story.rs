//! Twelve months in which guards walk to villages, officers read, and things go a little wrong.

use std::sync::Arc;

use sync_core::id::{AreaId, RecordId, Role, UnixMs};
use sync_core::record::{
    CivilDate, Code, CountBasis, Decision, Draft, Edit, Line, MinuteOfDay, Minutes, PanelCheckEdit, Patch, ReviewState,
    SessionEdit, Setting, Village, codes,
};

use super::devices::{Carrier, Dice, demo_store, enrol};
use super::headquarters::{self, ROUNDS, look_at_panels, round_at};
use super::people::PEOPLE;
use super::{DAY_MS, DAYS, Made, Place, SampleError, StoryClock};
use crate::app::AppState;
use crate::field::text::day_of;

/// Weeks between two syncs of each guard, by turn: some come by a signal every week, one rarely.
const WEEKS_APART: &[i64] = &[1, 2, 1, 3, 2, 4, 2];
/// Notes people write, without identities.
const NOTES: &[&str] = &[
    "Bà con quan tâm đến bẫy việc nhẹ, lương cao trên mạng xã hội.",
    "Nói bằng tiếng Dao, có người có uy tín cùng dự.",
    "Nhiều gia đình có con đi làm xa, đề nghị buổi sau mời thêm thanh niên.",
    "Trời mưa, đường trơn, đến muộn 30 phút.",
    "Kết hợp họp thôn bàn việc làm đường, bà con nghe chăm chú.",
    "Đề nghị cấp thêm tờ rơi tiếng Dao.",
    "",
    "",
    "",
];

/// Tells the story and closes every store.
pub(super) async fn tell(
    app: &AppState,
    clock: &Arc<StoryClock>,
    place: &Place<'_>,
    now: UnixMs,
    seed: u64,
) -> Result<Made, SampleError> {
    let mut dice = Dice::new(seed);
    let (mut guards, mut officers) = (Vec::new(), Vec::new());
    for person in PEOPLE {
        match person.role {
            Role::Guard => guards.push(Carrier::enrol(app, clock, place, person).await?),
            Role::Officer => officers.push(Carrier::enrol(app, clock, place, person).await?),
            Role::Coordinator | Role::Administrator => {}
        }
    }
    // Dice of their own: rounds to the panels change nothing else of the story.
    let mut panel_dice = Dice::new(seed ^ 0x0061_6e65);
    let mut sessions = 0;
    for week in 0..DAYS / 7 {
        let monday = UnixMs(now.0 - (DAYS - 7 * week) * DAY_MS);
        sessions += a_week(&mut guards, clock, monday, &mut dice).await?;
        if let Some(date) = day_of(round_at(monday)).filter(|_| ROUNDS.contains(&week)) {
            for guard in &mut guards {
                look_at_panels(guard, date, &mut panel_dice).await?;
            }
        }
        clock.set(UnixMs(monday.0 + 6 * DAY_MS));
        for (turn, guard) in guards.iter_mut().enumerate() {
            if week % WEEKS_APART[turn % WEEKS_APART.len()] == 0 {
                guard.sync().await?;
            }
        }
        if week % 2 == 1 {
            for officer in &mut officers {
                read_inbox(officer, &mut dice).await?;
            }
        }
        match week {
            20 | 34 | 47 => disagree(&mut guards, &mut officers, week == 20).await?,
            _ => {}
        }
    }
    clock.set(UnixMs(now.0 - DAY_MS));
    last_days(&mut guards, &mut officers, now).await?;
    clock.set(now);
    for carrier in guards.iter_mut().chain(&mut officers) {
        carrier.sync().await?;
    }
    for mut carrier in guards.into_iter().chain(officers) {
        carrier.field.move_server(&place.served).await?;
        carrier.field.close().await?;
    }
    // They read on the server: their devices hold nothing, so they are enrolled last, with a fresh sign-in.
    for person in PEOPLE.iter().filter(|person| matches!(person.role, Role::Coordinator | Role::Administrator)) {
        let mut field = enrol(app, clock, place, person).await?;
        if person.role == Role::Coordinator {
            headquarters::enter(&mut field, now).await?;
        }
        field.move_server(&place.served).await?;
        field.close().await?;
    }
    Ok(Made {
        sessions,
        guard_store: demo_store(place, "bienphong"),
        officer_store: demo_store(place, "canbo"),
        coordinator_store: demo_store(place, "dieuphoi"),
    })
}

/// Each guard holds a session or two and now and then looks at a panel.
async fn a_week(
    guards: &mut [Carrier],
    clock: &Arc<StoryClock>,
    monday: UnixMs,
    dice: &mut Dice,
) -> Result<usize, SampleError> {
    let mut held = 0;
    for day in 1..6 {
        for guard in guards.iter_mut() {
            if !dice.percent(20) {
                continue;
            }
            clock.set(UnixMs(monday.0 + day * DAY_MS));
            let at = UnixMs(monday.0 + day * DAY_MS);
            let Some((area, village)) = dice.one(&guard.villages).cloned() else { continue };
            let Some(date) = day_of(at) else { continue };
            let session = session(village, date, dice)?;
            guard.field.record(area, &Draft::Session(Box::new(session))).await?;
            held += 1;
            if dice.percent(6) {
                panel(guard, area, date, dice).await?;
            }
        }
    }
    Ok(held)
}

fn code(text: &str) -> Result<Code, SampleError> {
    text.parse().map_err(|_| SampleError::Lacks("a code"))
}

fn one_code(list: &[codes::KnownCode], dice: &mut Dice) -> Result<Code, SampleError> {
    code(dice.one(list).map_or("other", |known| known.code))
}

fn session(village: String, date: CivilDate, dice: &mut Dice) -> Result<SessionEdit, SampleError> {
    let mut edit = SessionEdit::default();
    let total = dice.number(12, 90);
    let fields = &mut edit.fields;
    fields.date = Patch::Set(date);
    fields.village = Patch::Set(Village::Listed(village));
    fields.start = Patch::Set(MinuteOfDay(u16::try_from(dice.number(7, 19) * 60).unwrap_or(480)));
    fields.duration = Patch::Set(Minutes(u16::try_from(dice.number(2, 8) * 15).unwrap_or(60)));
    fields.place_kind = Patch::Set(one_code(&codes::PLACE_KINDS[..4], dice)?);
    // Mostly village meetings and houses, as reports tell.
    let formats = if dice.percent(70) { &codes::FORMATS[..2] } else { &codes::FORMATS[2..9] };
    fields.format = Patch::Set(one_code(formats, dice)?);
    fields.setting = Patch::Set(if dice.percent(60) { Setting::Integrated } else { Setting::Standalone });
    fields.attendances = Patch::Set(total);
    fields.women = Patch::Set(total * dice.number(35, 65) / 100);
    fields.under_16 = Patch::Set(total * dice.number(0, 20) / 100);
    fields.minority = Patch::Set(total * dice.number(50, 100) / 100);
    fields.count_basis = Patch::Set(if dice.percent(80) { CountBasis::Counted } else { CountBasis::Estimated });
    fields.lead_unit = Patch::Set(one_code(&codes::LEAD_UNITS[1..4], dice)?);
    for _ in 0..dice.number(1, 3) {
        edit.topics.add.insert(one_code(codes::TOPICS, dice)?);
    }
    edit.languages.add.insert(one_code(codes::LANGUAGES, dice)?);
    edit.partners.add.insert(one_code(codes::PARTNERS, dice)?);
    edit.hotlines.add.insert(code("111")?);
    edit.hotlines.add.insert(code("18001769")?);
    if dice.percent(25) {
        edit.difficulties.add.insert(one_code(codes::DIFFICULTIES, dice)?);
    }
    edit.team.insert(code("border_guard")?, Patch::Set(dice.number(2, 5)));
    edit.material.insert(code("leaflet")?, Patch::Set(dice.number(5, 60)));
    if dice.percent(30) {
        edit.material.insert(code("handbook")?, Patch::Set(dice.number(1, 10)));
    }
    edit.note = dice.one(NOTES).map(ToString::to_string).filter(|note| !note.is_empty());
    Ok(edit)
}

async fn panel(guard: &mut Carrier, area: AreaId, date: CivilDate, dice: &mut Dice) -> Result<(), SampleError> {
    let scope = guard.field.reference().scope(area);
    let panels = &guard.field.reference().items().panels;
    let near: Vec<_> =
        panels.iter().filter(|panel| scope.contains(&panel.body.area)).map(|panel| panel.id.clone()).collect();
    let Some(site) = dice.one(&near).and_then(|site| site.parse::<Line>().ok()) else { return Ok(()) };
    let mut edit = PanelCheckEdit::default();
    edit.fields.site = Patch::Set(site);
    edit.fields.date = Patch::Set(date);
    edit.conditions.add.insert(code(if dice.percent(70) { "good" } else { "faded" })?);
    if dice.percent(10) {
        edit.fields.hotline_wrong = Patch::Set(true);
    }
    guard.field.record(area, &Draft::PanelCheck(edit)).await?;
    Ok(())
}

/// An officer syncs, reads what is new, confirms most of it, returns a little, leaves some for next time.
async fn read_inbox(officer: &mut Carrier, dice: &mut Dice) -> Result<(), SampleError> {
    officer.sync().await?;
    let inbox: Vec<_> = officer
        .field
        .list()
        .await?
        .into_iter()
        .filter(|found| {
            let open = matches!(found.review_state, Some(ReviewState::New | ReviewState::Amended));
            open && !found.summary.void && found.summary.conflicts.is_empty()
        })
        .map(|found| found.summary.id)
        .collect();
    for id in inbox {
        if dice.percent(25) {
            continue;
        }
        if dice.percent(8) {
            officer
                .field
                .review(id, Decision::Return, "Đề nghị bổ sung số hộ đến thăm và nội dung tuyên truyền.")
                .await?;
        } else {
            officer.field.review(id, Decision::Confirm, "").await?;
        }
    }
    officer.sync().await
}

/// Two guards of one commune correct the same session without signal; once, an officer settles it.
async fn disagree(guards: &mut [Carrier], officers: &mut [Carrier], settle: bool) -> Result<(), SampleError> {
    let (first, rest) = guards.split_first_mut().ok_or(SampleError::Lacks("guards"))?;
    let second = rest.first_mut().ok_or(SampleError::Lacks("a second guard"))?;
    first.sync().await?;
    second.sync().await?;
    let shared = second.person.area_ids();
    let me = first.field.who().device;
    let found = second.field.list().await?.into_iter().find(|found| {
        let line = &found.summary;
        line.device == me && shared.contains(&line.area) && line.attendances.is_some_and(|count| count > 10)
    });
    let Some(found) = found else { return Ok(()) };
    let (id, count) = (found.summary.id, found.summary.attendances.unwrap_or(20));
    // The total stays above its parts: the greatest part is at most the total before.
    first.field.edit(id, &total(count + 3)).await?;
    second.field.edit(id, &total(count + 13)).await?;
    first.sync().await?;
    second.sync().await?;
    first.sync().await?;
    if settle && let Some(officer) = officers.first_mut() {
        officer.sync().await?;
        let conflict = officer.field.whole(id).await?.conflicts.into_iter().next();
        if let Some(chosen) = conflict.and_then(|conflict| conflict.values.into_iter().next()) {
            officer.field.resolve(id, "attendances", &chosen.value).await?;
        }
        officer.sync().await?;
    }
    Ok(())
}

fn total(count: u32) -> Edit {
    let mut edit = SessionEdit::default();
    edit.fields.attendances = Patch::Set(count);
    Edit::Session(Box::new(edit))
}

/// What waits for a person when the sample is opened: returned sessions completed, voids, a record out of its area.
async fn last_days(guards: &mut [Carrier], officers: &mut [Carrier], now: UnixMs) -> Result<(), SampleError> {
    for carrier in guards.iter_mut().chain(officers.iter_mut()) {
        carrier.sync().await?;
    }
    for guard in guards.iter_mut() {
        let me = guard.field.who().device;
        let own: Vec<_> = guard.field.list().await?.into_iter().filter(|found| found.summary.device == me).collect();
        let returned = own.iter().find(|found| found.review_state == Some(ReviewState::Returned));
        if let Some(found) = returned {
            let mut edit = SessionEdit::default();
            edit.fields.households = Patch::Set(17);
            guard.field.edit(found.summary.id, &Edit::Session(Box::new(edit))).await?;
        }
        let twice: Option<RecordId> = own.iter().rev().nth(4).map(|found| found.summary.id);
        if let Some(id) = twice.filter(|_| matches!(guard.person.username, "bienphong2" | "mongcai")) {
            let mut edit = SessionEdit::default();
            edit.fields.void = "Ghi trùng với buổi đã có".parse::<Line>().map_or(Patch::Keep, Patch::Set);
            guard.field.edit(id, &Edit::Session(Box::new(edit))).await?;
        }
    }
    // A guard helps out in the neighbouring commune, where he holds no rights: kept, for an officer to release.
    let away = AreaId { generation: 2025, code: 6841 };
    let helper = guards.iter_mut().find(|guard| guard.person.username == "binhlieu");
    let (Some(helper), Some(date)) = (helper, day_of(UnixMs(now.0 - 2 * DAY_MS))) else {
        return Err(SampleError::Lacks("a helper"));
    };
    let mut edit = session(String::new(), date, &mut Dice::new(7))?;
    edit.fields.village =
        "Chợ phiên Đồng Văn".parse::<Line>().map_or(Patch::Keep, |name| Patch::Set(Village::Named(name)));
    helper.field.record(away, &Draft::Session(Box::new(edit))).await?;
    Ok(())
}
