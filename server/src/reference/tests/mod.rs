mod choices;
mod import_page;
mod posts;
mod villages;

use std::collections::BTreeSet;

use sync_core::id::{AreaId, DeviceId, UnixMs};

use super::choice::{Choice, ChoiceError, choose};
use super::import::{Change, ImportError, Report, Source, import};
use super::*;
use crate::audit::Actor;
use crate::db::testing::{Failure, on_each};
use crate::db::{Db, DbError};
use crate::on_db;

const PERSON: Actor = Actor::Person { account: 7, device: DeviceId([7; 8]) };
const AT: UnixMs = UnixMs(1_700_000_000_000);

fn area(text: &str) -> AreaId {
    text.parse().expect("an area")
}

async fn filled(db: &Db) -> Result<Catalogues, Failure> {
    sample::install(db, true, AT).await?;
    Ok(Catalogues::new(db.clone()))
}

fn source(kind: Kind, text: &str) -> Source<'_> {
    Source { kind, file_name: "test.csv", bytes: text.as_bytes(), actor: PERSON, at: AT, dry_run: false, sample: false }
}

async fn villages(db: &Db, rows: &str) -> Result<Report, ImportError> {
    let head = "village_id,former_name,merged_into,old_commune_code,new_commune_code,new_commune_basis,village_name,\
                kind,source\n";
    import(db, source(Kind::Villages, &format!("{head}{rows}"))).await
}

async fn count(db: &Db, query: &'static str) -> Result<i64, DbError> {
    Ok(on_db!(db, |c| sqlx::query_scalar(query).fetch_one(c).await)?)
}

fn choice<'a>(village: &'a str, unit: &str, replaces: Option<u32>) -> Choice<'a> {
    Choice { village, unit: area(unit), replaces, actor: PERSON, at: AT }
}

#[tokio::test]
async fn the_supplied_units_are_177_171_and_54_with_12_splits() -> Result<(), Failure> {
    on_each(async |db| {
        let reports = sample::install(db, false, AT).await?;
        assert_eq!(reports[0].count(Change::Split), 12);
        let catalogue = Catalogues::new(db.clone()).current().await?;
        let units = |generation| catalogue.units_of(generation).count();
        assert_eq!((units(2023), units(2024), units(2025)), (177, 171, 54));
        let pairs: usize = catalogue.units_of(2024).map(|unit| catalogue.lineage().successors(unit.area).len()).sum();
        assert_eq!(pairs, 184);
        assert_eq!(catalogue.villages().count(), 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_code_used_again_under_another_name_resolves_to_its_own_successor() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?.current().await?;
        assert_eq!(catalogue.area_name(area("2024-06931")), "Xã Quảng Thành");
        assert_eq!(catalogue.area_name(area("2025-06931")), "Xã Quảng Đức");
        assert_eq!(catalogue.resolve(area("2024-06925"), None, 2025), Resolution::Unit(6931));
        // The old holder of 06946 is not the new one's only source.
        assert_eq!(catalogue.resolve(area("2024-06928"), None, 2025), Resolution::Unit(6946));
        let reused = catalogue.units_of(2025).filter(|unit| {
            let old = AreaId { generation: 2024, code: unit.area.code };
            catalogue.unit(old).is_some_and(|old| old.bare_name() != unit.bare_name())
        });
        assert_eq!(reused.count(), 21);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn merged_and_split_units_resolve_both_ways() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?.current().await?;
        // Merged: Đồng Văn went into Hoành Mô; the new unit alone does not say which it was, a village does.
        assert_eq!(catalogue.resolve(area("2023-06847"), None, 2025), Resolution::Unit(6841));
        assert_eq!(catalogue.resolve(area("2025-06841"), None, 2024), Resolution::Unknown);
        assert_eq!(catalogue.resolve(area("2025-06841"), Some("06847-phai-lau"), 2024), Resolution::Unit(6847));
        assert_eq!(catalogue.resolve(area("2025-06841"), Some("06847-phai-lau"), 2023), Resolution::Unit(6847));
        // Alone: an island commune that kept its ground maps back without a village.
        assert_eq!(catalogue.resolve(area("2025-06967"), None, 2023), Resolution::Unit(6967));
        // Split: Vô Ngại.
        let open = Resolution::NeedsChoice { candidates: vec![6838, 6862], suggested: Some(6838) };
        assert_eq!(catalogue.resolve(area("2024-06853"), Some("06853-na-nhai"), 2025), open);
        assert_eq!(catalogue.resolve(area("2023-06853"), None, 2025), open);
        assert_eq!(catalogue.resolve(area("2025-06862"), Some("06853-na-nhai"), 2024), Resolution::Unit(6853));
        assert_eq!(catalogue.resolve(area("2024-99999"), None, 2025), Resolution::Unknown);
        assert_eq!(catalogue.resolve(area("2024-06853"), None, 1999), Resolution::Unknown);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn scope_holds_the_units_an_area_came_from_and_became() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?.current().await?;
        let expected: BTreeSet<_> =
            ["2025-06841", "2024-06841", "2024-06847", "2023-06841", "2023-06847"].into_iter().map(area).collect();
        assert_eq!(catalogue.scope(area("2025-06841")), expected);
        assert_eq!(catalogue.villages_of(area("2025-06841")).count(), 22);
        // An assignment follows its unit into what it became, and both halves of a split; not to that one's other parts.
        let expected: BTreeSet<_> =
            ["2023-06853", "2024-06853", "2025-06838", "2025-06862"].into_iter().map(area).collect();
        assert_eq!(catalogue.scope(area("2024-06853")), expected);
        let edges: Vec<_> = catalogue
            .units()
            .flat_map(|unit| catalogue.lineage().successors(unit.area))
            .map(|edge| (edge.from, edge.to))
            .collect();
        for unit in catalogue.units() {
            let granted = crate::auth::Scope::expand([unit.area], &edges);
            assert_eq!(granted.areas(), Some(&catalogue.scope(unit.area)), "{}", unit.area);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn importing_the_same_files_again_changes_nothing() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let before = catalogues.current().await?.version();
        for report in sample::install(db, true, AT).await? {
            assert_eq!((report.lines.len(), report.version), (0, None), "{report}");
        }
        assert_eq!(catalogues.current().await?.version(), before);
        let imports = count(db, "select count(*) from reference_import").await?;
        assert_eq!(imports, i64::try_from(sample::SUPPLIED.len())?);
        assert_eq!(count(db, "select count(*) from audit where action = 'reference.imported'").await?, imports);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_dry_run_reports_and_changes_nothing() -> Result<(), Failure> {
    on_each(async |db| {
        let units = sample::SUPPLIED[0];
        let dry = Source { kind: units.kind, bytes: units.bytes, dry_run: true, ..source(Kind::Units, "") };
        let report = import(db, dry).await?;
        assert_eq!((report.count(Change::Added), report.count(Change::Split)), (402, 12));
        assert_eq!(count(db, "select count(*) from unit").await?, 0);
        assert_eq!(count(db, "select count(*) from reference_version").await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_lists_a_device_is_born_with_are_those_the_server_hands_out() -> Result<(), Failure> {
    use sync_core::record::codes;
    let test = crate::db::testing::TestDb::sqlite().await?;
    let catalogue = filled(&test.db).await?.current().await?;
    for (kind, list) in [
        (Kind::Formats, codes::FORMATS),
        (Kind::Topics, codes::TOPICS),
        (Kind::Partners, codes::PARTNERS),
        (Kind::Languages, codes::LANGUAGES),
        (Kind::Places, codes::PLACE_KINDS),
        (Kind::Materials, codes::MATERIALS),
        (Kind::Difficulties, codes::DIFFICULTIES),
        (Kind::PanelConditions, codes::PANEL_CONDITIONS),
    ] {
        let handed_out: Vec<_> =
            catalogue.items().terms(kind).iter().map(|term| (&*term.id, &*term.body.vi, &*term.body.en)).collect();
        let born_with: Vec<_> = list.iter().map(|known| (known.code, known.vi, known.en)).collect();
        assert_eq!(handed_out, born_with, "{kind}");
    }
    let lines = catalogue.items().hotlines.iter().map(|line| (&*line.id, &*line.body.vi, &*line.body.en));
    let born_with: Vec<_> = codes::HOTLINES.iter().map(|known| (known.code, known.vi, known.en)).collect();
    assert_eq!(lines.collect::<Vec<_>>(), born_with);
    Ok(())
}

#[tokio::test]
async fn bad_rows_name_line_column_and_accepted_values_and_change_nothing() -> Result<(), Failure> {
    on_each(async |db| {
        let version = filled(db).await?.current().await?.version();
        for (row, expected) in [
            (",,,06841,,,,thôn,x", "line 2, column village_name: \"\" is not accepted; accepted: text of 1 to 80"),
            (",,,99999,,,A,thôn,x", "column old_commune_code: \"99999\" is not accepted; accepted: the code of an imp"),
            (
                ",,,06841,06862,,A,thôn,x",
                "column new_commune_code: \"06862\" is not accepted; accepted: for 2024-06841: 06841",
            ),
            (",,,,,,A,thôn,x", "accepted: a code here or in new_commune_code"),
            (",,,06841,,maybe,A,thôn,x", "accepted: empty, assumed, official"),
            (",,,06841,,,A,thôn,x\n,,,06841,,,a,thôn,x", "line 3, column village_name"),
        ] {
            let error = villages(db, row).await.expect_err(row).to_string();
            assert!(error.contains(expected), "{error}");
        }
        let head = "old_commune_code,old_commune_name,village_name,kind,source\n";
        let name = format!("{head}06931,Xã Quảng Đức,Bản Mới,bản,x\n");
        let error = import(db, source(Kind::Villages, &name)).await.expect_err("the code of another unit");
        assert!(error.to_string().contains("accepted: 2024-06931 is Xã Quảng Thành"), "{error}");
        let error = import(db, source(Kind::Posts, "post_id,name,kind,areas\nx,X,fort,2025-1\n")).await;
        let error = error.expect_err("two faults").to_string();
        assert!(error.contains("accepted: post, station, team") && error.contains("column areas"), "{error}");
        assert_eq!(Catalogues::new(db.clone()).current().await?.version(), version);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_change_by_another_process_is_seen_at_the_next_call() -> Result<(), Failure> {
    on_each(async |db| {
        let (here, elsewhere) = (filled(db).await?, Catalogues::new(db.clone()));
        let before = here.current().await?;
        assert!(std::sync::Arc::ptr_eq(&before, &here.current().await?));
        assert_eq!(elsewhere.current().await?.version(), before.version());
        import(db, source(Kind::Topics, "code,vi,en\nnew,Mới,New\n")).await?;
        assert!(here.current().await?.items().has_term(Kind::Topics, "new"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_changed_term_is_reported_field_by_field_and_absent_ones_are_kept() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let report = import(db, source(Kind::Materials, "code,vi,en\nleaflet,Tờ rơi A5,Leaflet\n")).await?;
        assert_eq!(report.lines[0].detail.to_string(), "vi: \"Tờ rơi\" → \"Tờ rơi A5\"");
        assert_eq!((report.lines[0].change, report.kept), (Change::Renamed, 2));
        assert_eq!(catalogues.current().await?.items().terms(Kind::Materials).len(), 3);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn panels_clubs_posts_and_hotlines_are_there_and_marked() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?.current().await?;
        let items = catalogue.items();
        assert_eq!((items.panels.len(), items.clubs.len()), (177, 5));
        assert!(items.panels.iter().chain(&items.clubs).all(|site| site.body.sample));
        assert!(items.posts.iter().all(|post| post.body.sample && !post.body.areas.is_empty()));
        let numbers: Vec<_> = items.hotlines.iter().map(|line| line.id.as_str()).collect();
        assert_eq!(numbers, ["18001769", "111"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_plan_of_a_village_is_its_own_or_its_units_or_that_for_all() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let file = "village_id,area,sessions,per\n06841-na-po,,1,month\n";
        import(db, source(Kind::Plans, file)).await?;
        let catalogue = catalogues.current().await?;
        let plan = |village| catalogue.plan_for(village).map(|plan| (plan.sessions, plan.per));
        assert_eq!(plan("06841-na-po"), Some((1, Per::Month)));
        assert_eq!(plan("06847-phai-lau"), Some((6, Per::Year)));
        assert_eq!(plan("06988-na-bap"), Some((4, Per::Year)));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn places_are_found_without_tone_marks() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?.current().await?;
        assert_eq!(catalogue.find_units("hoanh mo", 2025, 3)[0].area, area("2025-06841"));
        assert_eq!(catalogue.find_units("Xã Hoành Mô", 2025, 3)[0].area, area("2025-06841"));
        assert_eq!(catalogue.find_villages("NA CHOONG", None, 3)[0].name, "Nà Choòng");
        let scope = catalogue.scope(area("2025-06931"));
        let found = catalogue.find_villages("khe lanh", Some(&scope), 9);
        assert_eq!(found.iter().map(|village| village.id.as_str()).collect::<Vec<_>>(), ["06925-khe-lanh"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_bundle_serves_a_device_as_the_whole_catalogue_would() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?.current().await?;
        let scope = catalogue.scope(area("2025-06838"));
        let text = serde_json::to_string(&Bundle::cut(&catalogue, Some(&scope)))?;
        let offline = serde_json::from_str::<Bundle>(&text)?.into_catalogue();
        for village in offline.villages() {
            for generation in [2023, 2024, 2025] {
                let expected = catalogue.village(&village.id).map(|known| catalogue.resolve_village(known, generation));
                assert_eq!(Some(offline.resolve_village(village, generation)), expected, "{}", village.id);
            }
        }
        assert_eq!(offline.pending_choices(), catalogue.pending_choices());
        assert_eq!(offline.version(), catalogue.version());
        assert!(offline.unit(area("2025-06862")).is_some() && offline.unit(area("2025-06931")).is_none());
        assert!(offline.items().has_term(Kind::Labels, "form.village"));
        let all = Bundle::cut(&catalogue, None).into_catalogue();
        assert_eq!((all.units().count(), all.items().panels.len()), (402, 177));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_document_of_every_kind_has_its_items_and_version() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?.current().await?;
        for kind in Kind::ALL {
            let document = document::of_kind(&catalogue, *kind);
            assert_eq!(document["version"], catalogue.version());
            assert!(document["items"].as_array().is_some_and(|items| !items.is_empty()), "{kind}");
            assert_eq!(kind.name().parse::<Kind>(), Ok(*kind));
        }
        Ok(())
    })
    .await
}
