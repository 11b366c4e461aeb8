//! Figures against sums made by hand.

use super::*;
use crate::coverage::tests::run;
use crate::db::testing::on_each;
use crate::reference::Catalogues;
use crate::report::Completeness;
use crate::session::testing::scope;

fn of_unit(code: &str) -> ReportParams {
    ReportParams { unit: given(code), generation: given("2025"), ..october() }
}

#[tokio::test]
async fn a_month_of_a_unit_stands_beside_the_month_and_the_year_before() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?;
        let found = made(db, &catalogue, &Scope::All, &of_unit("00001")).await?;
        assert_eq!((found.from.as_str(), found.to.as_str(), found.closing_day), ("2026-09-15", "2026-10-14", 14));
        assert_eq!((found.unit, found.unit_name.as_str(), found.ended), (Some(area(2025, 1)), "Xã Một", true));
        for (key, values) in [
            ("results.sessions", (2, 1, 2)),
            ("results.attendances", (60, 33, 25)),
            ("material.leaflet", (30, 0, 0)),
            ("formats.village_meeting", (1, 1, 2)),
            ("formats.market", (1, 0, 0)),
            ("formats.online", (1, 0, 0)),
            ("topics.tricks", (2, 0, 0)),
            ("topics.hotline", (1, 0, 0)),
            ("languages.dao", (1, 0, 0)),
            ("languages.tay", (1, 0, 0)),
            ("difficulties.weather", (1, 0, 0)),
            ("broadcasts.posts", (1, 0, 0)),
        ] {
            let (now, before, year_before) = values;
            assert_eq!(line(&found, key), (Some(now), Some(before), Some(year_before)), "{key}");
        }
        let [undecided] = &found.needs_choice[..] else { return Err("one place without a unit".into()) };
        assert_eq!((undecided.village.as_deref(), undecided.totals.sums.attendances), (Some("c"), 7));
        assert_eq!(
            found.completeness,
            Completeness {
                villages: 3,
                reached: 2,
                sessions: 2,
                confirmed_sessions: 1,
                unheard_villages: 0,
                unheard_devices: 1,
                ..Completeness::default()
            }
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn everything_of_the_province_counts_also_what_has_no_unit_yet() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?;
        let found = made(db, &catalogue, &Scope::All, &october()).await?;
        assert_eq!(found.unit_name, "Tỉnh Quảng Ninh");
        assert_eq!(line(&found, "results.sessions"), (Some(4), Some(1), Some(2)));
        assert_eq!(line(&found, "results.attendances"), (Some(82), Some(33), Some(25)));
        assert_eq!(line(&found, "formats.village_meeting"), (Some(3), Some(1), Some(2)));
        assert_eq!(found.needs_choice.len(), 1);
        assert_eq!((found.completeness.villages, found.completeness.reached), (4, 4));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_officer_reports_on_own_units_and_not_on_the_other_half_of_a_split_one() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?;
        // What an officer of unit 9 sees: the old unit that was split is part of it.
        let nine = scope(&[area(2025, 9), area(2024, 3)]);
        let found = made(db, &catalogue, &nine, &october()).await?;
        assert_eq!(found.unit, Some(area(2025, 9)));
        assert_eq!((line(&found, "results.sessions").0, line(&found, "results.attendances").0), (Some(1), Some(15)));
        assert_eq!(line(&found, "topics.tricks").0, None);
        // Villages c and d: of c a person has yet to say in which half it lies.
        assert_eq!((found.completeness.villages, found.completeness.reached, found.needs_choice.len()), (2, 1, 1));
        let one = scope(&[area(2025, 1), area(2024, 1), area(2024, 2), area(2024, 3)]);
        let found = made(db, &catalogue, &one, &october()).await?;
        assert_eq!((line(&found, "results.sessions").0, line(&found, "results.attendances").0), (Some(2), Some(60)));
        let elsewhere = made(db, &catalogue, &nine, &of_unit("00001")).await?;
        assert_eq!((elsewhere.now("results.sessions"), elsewhere.completeness.villages), (0, 0));
        let nobody = made(db, &catalogue, &scope(&[area(2024, 7)]), &october()).await?;
        assert_eq!((nobody.now("results.sessions"), nobody.completeness), (0, Completeness::default()));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn any_days_count_as_the_months_they_make_and_their_ragged_ends() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?;
        let range = |from: &str, to: &str| ReportParams {
            kind: given("range"),
            of: None,
            from: given(from),
            to: given(to),
            ..of_unit("00001")
        };
        let month = made(db, &catalogue, &Scope::All, &of_unit("00001")).await?;
        let same = made(db, &catalogue, &Scope::All, &range("2026-09-15", "2026-10-14")).await?;
        assert_eq!((same.figures, same.completeness), (month.figures, month.completeness));
        // One day less: the session of 15 September is left out, and all is counted day by day.
        let found = made(db, &catalogue, &Scope::All, &range("2026-09-16", "2026-10-14")).await?;
        assert_eq!(line(&found, "results.sessions"), (Some(1), Some(2), Some(2)));
        assert_eq!((line(&found, "topics.tricks").0, line(&found, "languages.dao").0), (Some(1), Some(0)));
        assert_eq!((line(&found, "formats.online").0, line(&found, "material.leaflet").0), (Some(1), Some(0)));
        // A whole month with an end on each side.
        let found = made(db, &catalogue, &Scope::All, &range("2026-09-14", "2026-10-15")).await?;
        assert_eq!((line(&found, "results.sessions").0, line(&found, "results.attendances").0), (Some(4), Some(192)));
        assert_eq!((line(&found, "formats.village_meeting").0, line(&found, "topics.tricks").0), (Some(3), Some(2)));
        let year = ReportParams { kind: given("year"), of: given("2026"), ..of_unit("00001") };
        let year = made(db, &catalogue, &Scope::All, &year).await?;
        assert_eq!(line(&year, "results.sessions"), (Some(4), Some(2), Some(2)));
        assert!(!year.ended);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn pairs_that_may_be_one_event_are_told_beside_the_figures() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?;
        Told::new(area(2025, 1), "b", "2026-10-14", 3, 21)?.of_format("market")?.store(db, 10).await?;
        for (params, pairs) in [(of_unit("00001"), 1), (of_unit("00009"), 0), (october(), 1)] {
            let found = made(db, &catalogue, &Scope::All, &params).await?;
            assert_eq!(found.completeness.open_duplicates, pairs, "{params:?}");
        }
        Ok(())
    })
    .await
}

const REGISTER: &[&str] = &[
    r#"insert into reference_item (kind, id, position, body) values
        ('panels', 'p1', 1, '{"name":"Chợ","area":"2024-00001","village_id":null,"note":null,"sample":true}'),
        ('panels', 'p2', 2, '{"name":"Cầu","area":"2024-00002","village_id":null,"note":null,"sample":true}'),
        ('panels', 'p9', 3, '{"name":"Đèo","area":"2024-00003","village_id":"d","note":null,"sample":true}'),
        ('clubs', 'c1', 1, '{"name":"Một","area":"2024-00001","village_id":null,"note":null,"sample":true}'),
        ('clubs', 'c9', 2, '{"name":"Chín","area":"2025-00009","village_id":null,"note":null,"sample":true}')"#,
    "insert into club_meeting (club_id, held_day, meetings, note, entered_by, entered_at_ms, void_reason) values
        ('c1', 20711, 3, '', 1, 0, null), ('c1', 20740, 2, '', 1, 0, null), ('c1', 20740, 8, '', 1, 0, 'nhầm'),
        ('c9', 20720, 5, '', 1, 0, null), ('c1', 20741, 100, '', 1, 0, null)",
    "insert into media_item (kind, published_day, quantity, minutes, generation, code, note, entered_by, entered_at_ms,
        void_reason) values ('news_item', 20720, 4, null, null, null, '', 1, 0, null),
        ('article', 20720, 2, null, 2024, 1, '', 1, 0, null), ('broadcast', 20720, 6, 90, 2025, 1, '', 1, 0, null),
        ('article', 20720, 50, null, 2024, 1, '', 1, 0, 'nhầm')",
    "insert into context_figure (code, from_day, to_day, quantity, source, entered_by, entered_at_ms, void_reason) values
        ('illegal_exits', 20711, 20725, 11, 'x', 1, 0, null), ('illegal_exits', 20726, 20740, 20, 'x', 1, 0, null),
        ('illegal_exits', 20726, 20730, 7, 'x', 1, 0, null), ('illegal_exits', 20711, 20725, 900, 'x', 1, 0, 'nhầm'),
        ('illegal_exits', 20700, 20740, 500, 'x', 1, 0, null), ('target_population', 20454, 20818, 4000, 'x', 1, 0, null)",
    "insert into reference_version (kind, version) values ('panels', 1)",
];

#[tokio::test]
async fn panels_clubs_media_and_figures_of_the_province_stand_in_their_lines() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        for text in REGISTER {
            run(db, text).await?;
        }
        let bytes = |byte: &str, count: usize| format!("{}{}'", db.dialect().pick("x'", r"'\x"), byte.repeat(count));
        // Of two visits to one panel the newer one counts; 20711 is 15 September.
        for (id, site, day, conditions, wrong, voided) in [
            ("01", "p1", 20_711, r#"["faded"]"#, false, false),
            ("02", "p1", 20_730, r#"["good"]"#, true, false),
            ("03", "p2", 20_720, r#"["missing"]"#, false, false),
            ("04", "p9", 20_720, r#"["good"]"#, false, false),
            ("05", "p2", 20_740, r#"["good"]"#, false, true),
            ("06", "khong-co", 20_720, r#"["good"]"#, false, false),
        ] {
            let (id, device, heads) = (bytes(id, 16), bytes("03", 8), bytes("04", 32));
            run(
                db,
                &format!(
                    "insert into panel_check (record_id, generation, code, site, checked_day, conditions, notes, voided, \
                     conflict_count, hotline_wrong, schema_number, recorder, device_id, claimed_at_ms, received_at_ms, \
                     updated_at_ms, updated_device_id, heads) values ({id}, 2024, 1, '{site}', {day}, '{conditions}', '', \
                     {voided}, 0, {wrong}, 1, 1, {device}, 0, 0, 0, {device}, {heads})"
                ),
            )
            .await?;
        }
        let catalogue = Catalogues::new(db.clone()).current().await?;
        let unit = made(db, &catalogue, &Scope::All, &of_unit("00001")).await?;
        let province = made(db, &catalogue, &Scope::All, &october()).await?;
        for (key, of_unit, of_province) in [
            ("panels.sites", Some(2), Some(3)),
            ("panels.checked", Some(2), Some(3)),
            ("panels.sound", Some(1), Some(2)),
            ("panels.damaged", Some(1), Some(1)),
            ("panels.hotline_wrong", Some(1), Some(1)),
            ("clubs.clubs", Some(1), Some(2)),
            ("clubs.meetings", Some(5), Some(10)),
            ("media.news_items", Some(0), Some(4)),
            ("media.articles", Some(2), Some(2)),
            ("media.broadcasts", Some(6), Some(6)),
            ("media.minutes", Some(90), Some(90)),
            ("broadcasts.broadcasts", Some(0), Some(0)),
            ("context.illegal_exits", None, Some(31)),
            ("context.target_population", None, Some(4_000)),
        ] {
            assert_eq!((line(&unit, key).0, line(&province, key).0), (of_unit, of_province), "{key}");
        }
        assert_eq!(line(&province, "panels.sites"), (Some(3), None, None), "what the register was is not on file");
        assert_eq!(line(&province, "context.illegal_exits"), (Some(31), None, None));
        Ok(())
    })
    .await
}
