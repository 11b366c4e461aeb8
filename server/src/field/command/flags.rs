//! The flags of a session, one a field.

use super::form::{Typed, flag};

macro_rules! session_flags {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $value:literal,)+) => {
        /// Everything a session holds. What is not given is not written.
        #[derive(Debug, Clone, Default, clap::Args)]
        pub(super) struct SessionFlags {
            $($(#[$doc])* #[arg(long, value_name = $value, allow_negative_numbers = true)] pub(super) $field: $type,)+
            /// Take a day that has not come by this device's clock, when the clock is wrong
            #[arg(long)]
            pub(super) date_anyway: bool,
        }

        impl SessionFlags {
            /// What was typed, by field.
            pub(super) fn typed(self) -> Typed {
                let mut typed = Typed::new();
                $(
                    let texts: Vec<String> = self.$field.into_iter().collect();
                    if !texts.is_empty() {
                        typed.insert(stringify!($field), texts);
                    }
                )+
                typed
            }
        }
    };
}

session_flags! {
    /// Day held: dd/mm/yyyy, yyyy-mm-dd or "hôm nay"
    date: Option<String> = "DAY",
    /// Village: its name, tone marks or not; id:… of the list; or name:… for a place not on the list
    village: Option<String> = "NAME",
    /// Commune: its name or 2025-06841; needed only when the village does not tell
    area: Option<String> = "COMMUNE",
    /// Time it began, 19:30
    start: Option<String> = "HH:MM",
    /// Minutes it lasted
    duration: Option<String> = "MINUTES",
    /// Kind of place
    place_kind: Option<String> = "CODE",
    /// Position of the village (never of a home), rounded to a kilometre: 21.53,107.46
    gps: Option<String> = "LAT,LON",
    /// Form it took
    format: Option<String> = "CODE",
    /// standalone (chuyên đề) or integrated (lồng ghép)
    setting: Option<String> = "SETTING",
    /// Topics; several with commas or the flag again
    topic: Vec<String> = "CODE",
    /// Languages spoken
    language: Vec<String> = "CODE",
    /// Attendances (lượt người)
    attendances: Option<String> = "COUNT",
    /// Of which women
    women: Option<String> = "COUNT",
    /// Of which under 16
    under_16: Option<String> = "COUNT",
    /// Of which of an ethnic minority
    minority: Option<String> = "COUNT",
    /// counted (đếm trực tiếp) or estimated (ước lượng)
    count_basis: Option<String> = "BASIS",
    /// Households visited
    households: Option<String> = "COUNT",
    /// Material handed out by you: leaflet=30
    material: Vec<String> = "KIND=COUNT",
    /// Pledges signed, a count only
    pledges: Option<String> = "COUNT",
    /// Loudspeaker broadcasts
    broadcasts: Option<String> = "COUNT",
    /// Minutes of loudspeaker broadcasts
    broadcast_minutes: Option<String> = "MINUTES",
    /// Unit that led
    lead_unit: Option<String> = "CODE",
    /// Organisations that took part
    partner: Vec<String> = "CODE",
    /// Team present: border_guard=3
    team: Vec<String> = "ROLE=COUNT",
    /// Hotlines made known
    hotline: Vec<String> = "NUMBER",
    /// Difficulties met
    difficulty: Vec<String> = "CODE",
    /// Free text; no names, ages, phone numbers or addresses of residents
    note: Option<String> = "TEXT",
}

impl SessionFlags {
    /// Whether no flag was given.
    pub(super) fn is_empty(&self) -> bool {
        self.clone().typed().is_empty()
    }
}

/// Where the material of another recorder is corrected: `leaflet/7=10`.
pub(super) fn split_tally(text: &str) -> Option<(&str, u32, &str)> {
    let (key, count) = text.split_once('=')?;
    let (kind, recorder) = key.split_once('/')?;
    Some((kind, recorder.parse().ok()?, count))
}

/// The name of the flag that corrects another recorder's tally.
pub(super) fn material_of() -> String {
    flag("material_of")
}
