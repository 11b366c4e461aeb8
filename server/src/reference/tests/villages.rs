//! Villages: choices, names that change, mergers, and lists of the units of today.

use super::*;

#[tokio::test]
async fn the_sample_villages_are_marked_and_those_of_split_units_wait() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogue = filled(db).await?.current().await?;
        assert_eq!(catalogue.villages().count(), 134);
        assert!(catalogue.villages().all(|village| village.sample));
        let pending = catalogue.pending_choices();
        assert_eq!(pending.len(), 11);
        assert!(pending.iter().all(|open| open.known == area("2024-06853") && open.suggested.is_some()));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_choice_is_kept_once_with_its_history_and_audit() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let village = "06853-na-nhai";
        assert!(choose(db, choice(village, "2025-06862", None)).await?);
        assert!(!choose(db, choice(village, "2025-06862", None)).await?);
        let catalogue = catalogues.current().await?;
        assert_eq!(catalogue.resolve(area("2024-06853"), Some(village), 2025), Resolution::Unit(6862));
        assert_eq!(catalogue.pending_choices().len(), 10);
        let other = choose(db, choice(village, "2025-06838", None)).await;
        assert!(matches!(other, Err(ChoiceError::Decided { chosen }) if chosen == area("2025-06862")));
        assert!(choose(db, choice(village, "2025-06838", Some(6862))).await?);
        assert_eq!(count(db, "select count(*) from village_choice where account_id = 7").await?, 2);
        assert_eq!(count(db, "select count(*) from audit where action = 'village.unit-chosen'").await?, 2);
        // A later import of the same list does not undo what a person decided.
        sample::install(db, true, AT).await?;
        let catalogue = catalogues.current().await?;
        assert_eq!(catalogue.resolve(area("2024-06853"), Some(village), 2025), Resolution::Unit(6838));
        assert_eq!(count(db, "select count(*) from village_unit where decided_by = 7").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_choice_that_is_no_candidate_is_refused_with_the_accepted_ones() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        let wrong = choose(db, choice("06853-na-nhai", "2025-06841", None)).await.expect_err("refused");
        assert!(wrong.to_string().contains("accepted: 2025-06838, 2025-06862"), "{wrong}");
        let whole = choose(db, choice("06841-dong-mo", "2025-06841", None)).await.expect_err("refused");
        assert!(matches!(whole, ChoiceError::NotACandidate { candidates, .. } if candidates.is_empty()));
        let none = choose(db, choice("nowhere", "2025-06841", None)).await;
        assert!(matches!(none, Err(ChoiceError::UnknownVillage(_))));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_renamed_village_keeps_its_id_and_is_found_by_both_names() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let report = villages(db, ",Đồng Mô,,06841,,,Đồng Mới,thôn,resolution\n").await?;
        assert_eq!(report.lines[0].detail.to_string(), "Đồng Mô → Đồng Mới");
        assert_eq!((report.lines[0].change, report.lines[0].id.as_str()), (Change::Renamed, "06841-dong-mo"));
        assert_eq!(report.kept, 133);
        let catalogue = catalogues.current().await?;
        for query in ["dong moi", "đồng mô"] {
            assert_eq!(catalogue.find_villages(query, None, 1)[0].id, "06841-dong-mo", "{query}");
        }
        // The new list names it by its new name alone.
        assert!(villages(db, ",,,06841,,,Đồng Mới,thôn,resolution\n").await?.lines.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_merged_village_leads_to_the_one_it_became_part_of() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let report = villages(db, ",,06841-na-po,06841,,,Nà Sa,thôn,resolution\n").await?;
        assert_eq!((report.count(Change::Merged), report.lines[0].id.as_str()), (1, "06841-na-sa"));
        let catalogue = catalogues.current().await?;
        assert_eq!(catalogue.survivor("06841-na-sa").map(|village| village.id.as_str()), Some("06841-na-po"));
        assert_eq!(catalogue.find_villages("na sa", None, 1)[0].id, "06841-na-po");
        assert_eq!(catalogue.resolve(area("2025-06841"), Some("06841-na-sa"), 2024), Resolution::Unit(6841));
        let circle = villages(db, ",,06841-na-sa,06841,,,Nà Pò,thôn,resolution\n").await.expect_err("a circle");
        assert!(circle.to_string().contains("line 2, column merged_into"), "{circle}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_official_list_settles_a_village_of_a_split_unit() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        villages(db, ",,,06853,06862,official,Nà Nhái,thôn,resolution\n").await?;
        let catalogue = catalogues.current().await?;
        assert_eq!(catalogue.resolve(area("2024-06853"), Some("06853-na-nhai"), 2025), Resolution::Unit(6862));
        assert_eq!(catalogue.pending_choices().len(), 10);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_list_of_the_units_of_today_finds_the_villages_of_older_lists() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let units = async |village: &str| -> Result<Vec<String>, Failure> {
            let catalogue = catalogues.current().await?;
            Ok(catalogue.village(village).ok_or("kept")?.areas().map(|area| area.to_string()).collect())
        };
        let before = units("06841-na-choong").await?;
        assert_eq!(before, ["2023-06841", "2024-06841", "2025-06841"]);
        let list = ",,,,06838,official,Nà Nhái,thôn,resolution\n,,,,06841,official,Nà Choòng,thôn,resolution\n";
        let report = villages(db, list).await?;
        assert_eq!((report.count(Change::Added), report.kept), (0, 132), "{report}");
        let moved: Vec<_> = report.lines.iter().filter(|line| line.change == Change::Moved).collect();
        assert_eq!(moved.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), ["06853-na-nhai"]);
        assert_eq!(units("06841-na-choong").await?, before);
        assert_eq!(units("06853-na-nhai").await?, ["2023-06853", "2024-06853", "2025-06838"]);
        assert_eq!(catalogues.current().await?.pending_choices().len(), 10);
        assert!(villages(db, list).await?.lines.is_empty(), "the same list again");
        // The older list again: what the official one settled stays.
        villages(db, ",,,06853,,,Nà Nhái,thôn,resolution\n").await?;
        assert_eq!(units("06853-na-nhai").await?, ["2023-06853", "2024-06853", "2025-06838"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn only_an_official_list_settles_which_half_of_a_split_unit() -> Result<(), Failure> {
    on_each(async |db| {
        let catalogues = filled(db).await?;
        let unit = async || -> Result<Resolution, Failure> {
            Ok(catalogues.current().await?.resolve(area("2024-06853"), Some("06853-na-nhai"), 2025))
        };
        let report = villages(db, ",,,,06862,assumed,Nà Nhái,thôn,x\n").await?;
        assert_eq!(report.count(Change::Added), 0, "{report}");
        let open = Resolution::NeedsChoice { candidates: vec![6838, 6862], suggested: Some(6862) };
        assert_eq!(unit().await?, open);
        assert!(choose(db, choice("06853-na-nhai", "2025-06862", None)).await?);
        assert_eq!(villages(db, ",,,,06838,,Nà Nhái,thôn,x\n").await?.count(Change::Added), 0);
        assert_eq!(unit().await?, Resolution::Unit(6862), "a person decided");
        assert_eq!(villages(db, ",,,,06838,official,Nà Nhái,thôn,x\n").await?.count(Change::Added), 0);
        assert_eq!(unit().await?, Resolution::Unit(6838));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_name_that_may_be_one_of_two_villages_asks_for_the_id() -> Result<(), Failure> {
    on_each(async |db| {
        filled(db).await?;
        villages(db, ",,,06859,,,Nà Nhái,thôn,x\n").await?;
        let row = ",,,,06838,official,Nà Nhái,thôn,resolution\n";
        let error = villages(db, row).await.expect_err("two villages of that name").to_string();
        let expected = "line 2, column village_name: \"Nà Nhái\" is not accepted; accepted: a village_id; the name fits \
                        06853-na-nhai and 06859-na-nhai";
        assert!(error.contains(expected), "{error}");
        // With both units one of them is left.
        villages(db, ",,,06853,06838,official,Nà Nhái,thôn,x\n").await?;
        Ok(())
    })
    .await
}
