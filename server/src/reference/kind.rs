//! The kinds of reference data.

use std::fmt;
use std::str::FromStr;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A kind of reference data: the name of its import and of its address under `/v1/reference/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
        #[clap(rename_all = "kebab-case")]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind, in the order in which they can be imported: later ones refer to earlier ones.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name, as in addresses, files and the database.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// Commune-level units of all generations and their lineage.
    Units = "units",
    /// Villages.
    Villages = "villages",
    /// Border guard posts, stations and teams.
    Posts = "posts",
    /// Kinds of material handed out.
    Materials = "materials",
    /// Topics covered.
    Topics = "topics",
    /// Formats of a session.
    Formats = "formats",
    /// Partner organisations.
    Partners = "partners",
    /// Languages used.
    Languages = "languages",
    /// Difficulties met.
    Difficulties = "difficulties",
    /// Kinds of place.
    Places = "places",
    /// Conditions of a panel.
    PanelConditions = "panel-conditions",
    /// Telephone lines.
    Hotlines = "hotlines",
    /// Panels (pano).
    Panels = "panels",
    /// Clubs.
    Clubs = "clubs",
    /// How many sessions a village should have.
    Plans = "plans",
    /// Labels of the screens, Vietnamese and English.
    Labels = "labels",
}

/// A name that is no kind of reference data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{got:?} is no kind of reference data; accepted: {}", Kind::accepted())]
pub struct UnknownKind {
    /// What was given, cut to 40 characters.
    pub got: String,
}

impl Kind {
    /// All names, for an error.
    #[must_use]
    pub fn accepted() -> String {
        Self::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.iter().copied().find(|kind| kind.name() == text);
        found.ok_or_else(|| UnknownKind { got: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
