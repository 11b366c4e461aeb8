//! Hiding small breakdowns in files that leave the province.
//!
//! A breakdown (women, under 16, ethnic minority, households) of 1 to 4 shows as `<5`. So that it cannot be worked out
//! from what else stands in the file, two more kinds of figure are hidden, without a number:
//!
//! - one whose complement is small: 47 women of 50 attendances tell of 3 men;
//! - in a column with a total, as many further figures as it takes for every small one to remain any of 1 to 4, for
//!   whoever knows the total, all figures shown and this rule.
//!
//! What several files tell together is not looked at: whoever has one of a commune and one of its villages can subtract.

/// How a figure stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it is.
    Value(i64),
    /// Above 0 and below the threshold.
    Few {
        /// The threshold.
        below: i64,
    },
    /// Hidden, since it would give a small one away.
    Hidden,
}

/// A figure and the whole it is a part of, where that stands beside it: women of attendances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The figure.
    pub value: i64,
    /// The whole.
    pub of: Option<i64>,
}

/// A figure with nothing beside it but its whole. Nothing is small below a threshold of 2, and nobody is told of by a 0.
#[must_use]
pub fn alone(threshold: i64, Part { value, of }: Part) -> Shown {
    let small = |value: i64| (1..threshold).contains(&value);
    if small(value) {
        Shown::Few { below: threshold }
    } else if value > 0 && of.is_some_and(|of| small(of - value)) {
        Shown::Hidden
    } else {
        Shown::Value(value)
    }
}

/// What a reader of the file knows of a hidden figure, and which values must stay possible.
#[derive(Debug, Clone, Copy)]
struct Unknown {
    least: i64,
    most: i64,
    guarded: Option<(i64, i64)>,
}

/// More than any figure, and still far from overflow when many are added.
const ANY: i64 = 1 << 40;

fn unknown(threshold: i64, part: Part, shown: Shown) -> Option<Unknown> {
    let most = part.of.unwrap_or(ANY);
    match shown {
        Shown::Value(_) => None,
        Shown::Few { .. } => {
            let most = most.min(threshold - 1);
            Some(Unknown { least: 1, most, guarded: Some((1, most)) })
        }
        Shown::Hidden => {
            // Only of one whose complement is small there is anything to guard.
            let small_rest = part.of.is_some_and(|of| (1..threshold).contains(&(of - part.value)));
            let guarded = small_rest.then_some((threshold.max(most - threshold + 1), most - 1));
            // A smaller one would show as such, and nothing shows as nothing.
            Some(Unknown { least: threshold, most, guarded })
        }
    }
}

/// The figures of a column and their total, hidden as far as it takes.
#[must_use]
pub fn column(threshold: i64, parts: &[Part], total: Part) -> (Vec<Shown>, Shown) {
    let mut shown: Vec<Shown> = parts.iter().map(|part| alone(threshold, *part)).collect();
    let mut sum = alone(threshold, total);
    let mut spare: Vec<usize> =
        (0..parts.len()).filter(|at| matches!(shown[*at], Shown::Value(value) if value >= threshold)).collect();
    // The smallest last, to be taken first: as little as possible is lost.
    spare.sort_by_key(|at| std::cmp::Reverse((parts[*at].value, *at)));
    while !is_safe(threshold, parts, &shown, total, sum) {
        match spare.pop() {
            Some(at) => shown[at] = Shown::Hidden,
            None if sum != Shown::Hidden => sum = Shown::Hidden,
            // From a total that is not known nothing can be subtracted.
            None => break,
        }
    }
    (shown, sum)
}

/// Whether each guarded figure may still be any of its values, given that the parts add up to the total.
fn is_safe(threshold: i64, parts: &[Part], shown: &[Shown], total: Part, sum: Shown) -> bool {
    let known: i64 = shown.iter().map(|shown| if let Shown::Value(value) = shown { *value } else { 0 }).sum();
    let hidden: Vec<Unknown> =
        parts.iter().zip(shown).filter_map(|(part, shown)| unknown(threshold, *part, *shown)).collect();
    let least: i64 = hidden.iter().map(|part| part.least).sum();
    let most: i64 = hidden.iter().map(|part| part.most).sum();
    // A total is hidden also when it is small itself, so a hidden one may be anything.
    let of_total = unknown(threshold, total, sum).map(|known| match sum {
        Shown::Hidden => Unknown { least: 0, ..known },
        Shown::Value(_) | Shown::Few { .. } => known,
    });
    let (total_least, total_most) = of_total.map_or((total.value, total.value), |total| (total.least, total.most));
    let parts_stay = hidden.iter().all(|part| {
        part.guarded.is_none_or(|(low, high)| {
            let (others_least, others_most) = (known + least - part.least, known + most - part.most);
            [low, high].iter().all(|value| value + others_least <= total_most && value + others_most >= total_least)
        })
    });
    let total_stays =
        of_total.and_then(|total| total.guarded).is_none_or(|(low, high)| known + least <= low && high <= known + most);
    parts_stay && total_stays
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FEW: Shown = Shown::Few { below: 5 };

    fn part(value: i64, of: i64) -> Part {
        Part { value, of: Some(of) }
    }

    #[test]
    fn a_small_breakdown_and_one_with_a_small_rest_are_hidden() {
        let shown = |value, of| alone(5, part(value, of));
        assert_eq!(shown(0, 30), Shown::Value(0));
        assert_eq!([shown(1, 30), shown(4, 30)], [FEW; 2]);
        assert_eq!(shown(5, 30), Shown::Value(5));
        assert_eq!([shown(26, 30), shown(29, 30)], [Shown::Hidden; 2]);
        assert_eq!(shown(30, 30), Shown::Value(30));
        assert_eq!(alone(5, Part { value: 7, of: None }), Shown::Value(7));
        assert_eq!(alone(0, part(1, 30)), Shown::Value(1));
    }

    #[test]
    fn one_small_figure_cannot_be_subtracted_from_the_total() {
        let parts = [part(3, 40), part(20, 50), part(12, 40)];
        let (shown, total) = column(5, &parts, part(35, 130));
        assert_eq!(shown, [FEW, Shown::Value(20), Shown::Hidden]);
        assert_eq!(total, Shown::Value(35));
    }

    #[test]
    fn a_small_figure_alone_in_its_column_takes_the_total_along() {
        assert_eq!(column(5, &[part(3, 40), part(0, 50)], part(3, 90)), (vec![FEW, Shown::Value(0)], FEW));
        let (shown, total) = column(5, &[part(2, 40), part(4, 50), part(0, 9)], part(6, 99));
        // 6 is 2 and 4, 3 and 3, or 4 and 2, and never 1 and 5: a 1 would be ruled out.
        assert_eq!((shown, total), (vec![FEW, FEW, Shown::Value(0)], Shown::Hidden));
    }

    #[test]
    fn several_small_figures_that_hide_each_other_need_no_more() {
        let parts = [part(1, 20), part(4, 20), part(3, 20), part(30, 60)];
        let (shown, total) = column(5, &parts, part(38, 120));
        assert_eq!((shown, total), (vec![FEW, FEW, FEW, Shown::Value(30)], Shown::Value(38)));
        // Three of 1 each: their sum alone says what each is.
        let parts = [part(1, 20), part(1, 20), part(1, 20), part(30, 60)];
        assert_eq!(column(5, &parts, part(33, 120)).0[3], Shown::Hidden);
    }

    /// Every value a reader can still think of for each part, by trying all there are.
    fn possible(parts: &[Part], shown: &[Shown], total: Part, sum: Shown) -> Vec<Vec<i64>> {
        let choices = |part: Part, shown: Shown| -> Vec<i64> {
            let most = part.of.unwrap_or(40);
            match shown {
                Shown::Value(value) => vec![value],
                Shown::Few { below } => (1..below.min(most + 1)).collect(),
                Shown::Hidden => (5..=most).collect(),
            }
        };
        // A hidden total may be anything.
        let totals = if sum == Shown::Hidden { (0..=total.of.unwrap_or(99)).collect() } else { choices(total, sum) };
        let mut found = vec![Vec::new(); parts.len()];
        let mut worlds: Vec<Vec<i64>> = vec![Vec::new()];
        for (part, shown) in parts.iter().zip(shown) {
            worlds = worlds
                .into_iter()
                .flat_map(|world| {
                    choices(*part, *shown).into_iter().map(move |value| {
                        let mut world = world.clone();
                        world.push(value);
                        world
                    })
                })
                .collect();
        }
        for world in worlds.into_iter().filter(|world| totals.contains(&world.iter().sum())) {
            for (at, value) in world.into_iter().enumerate() {
                if !found[at].contains(&value) {
                    found[at].push(value);
                }
            }
        }
        found
    }

    proptest! {
        #[test]
        fn no_small_figure_can_be_narrowed_down(
            rows in proptest::collection::vec((0_i64..12, 0_i64..12), 1..5),
        ) {
            let parts: Vec<Part> = rows.iter().map(|(value, rest)| part(*value, value + rest)).collect();
            let value = parts.iter().map(|part| part.value).sum();
            let total = part(value, rows.iter().map(|(value, rest)| value + rest).sum());
            let (shown, sum) = column(5, &parts, total);
            let found = possible(&parts, &shown, total, sum);
            for (at, one) in parts.iter().enumerate() {
                if matches!(shown[at], Shown::Few { .. }) {
                    for value in 1..=4.min(one.of.unwrap_or(4)) {
                        prop_assert!(found[at].contains(&value), "{parts:?} {shown:?} {sum:?}: {value} ruled out at {at}");
                    }
                }
                if let Shown::Value(value) = shown[at] {
                    prop_assert!(!(1..5).contains(&value) && value == one.value);
                }
            }
        }
    }
}
