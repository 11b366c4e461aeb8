//! What goes wrong, and bugs that are planted to prove that the simulator sees them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$item])* $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let names: Vec<_> = Self::ALL.iter().map(|item| item.name()).collect();
                Self::ALL
                    .iter()
                    .copied()
                    .find(|item| item.name() == text)
                    .ok_or_else(|| format!("{text:?}: accepted is one of {}", names.join(", ")))
            }
        }
    };
}

named!(
    /// A kind of misfortune.
    Fault {
        /// Requests and responses are lost.
        Loss = "loss",
        /// Requests and files arrive twice, the second time up to days later.
        Duplication = "duplication",
        /// Messages overtake each other.
        Reordering = "reordering",
        /// A device is without signal for weeks.
        Partition = "partition",
        /// A device loses power before or after a persisted write.
        DeviceCrash = "device-crash",
        /// A server process dies before or after a commit.
        ServerCrash = "server-crash",
        /// A server process forgets what it agreed on with devices.
        Forgetting = "forgetting",
        /// A device's clock is wrong by years, and jumps.
        Skew = "skew",
        /// The server's database is put back to an old backup.
        ServerRestore = "server-restore",
        /// A device's store is put back to an old copy.
        StoreRollback = "store-rollback",
        /// A device's store is copied, and both copies are used.
        StoreCopy = "store-copy",
        /// A device is revoked.
        Revocation = "revocation",
        /// A device is lost with everything only it had.
        DeviceLost = "device-lost",
        /// Records are made in an area the certificate does not cover, and certificates are renewed for other areas.
        OutOfScope = "out-of-scope",
        /// Files travel by hand; some are lost.
        Carrier = "carrier",
        /// Devices are enrolled late, and receive prepared snapshots in place of batches; files of these get lost.
        Newcomer = "newcomer",
        /// The server takes only so many bytes of a device in a day, and keeps what is over them in quarantine.
        Quota = "quota",
    }
);

named!(
    /// A bug planted in the model of the server or in the driver of a device. None of it is part of the product: the
    /// product's own code runs unchanged and is lied to.
    Bug {
        /// The server acknowledges before its write is durable.
        AckBeforeDurable = "ack-before-durable",
        /// The device's store reports a record as safe before it is durable.
        RecordedBeforeDurable = "recorded-before-durable",
        /// The device's store forgets what is pending when something is sent.
        ForgetPendingOnSend = "forget-pending-on-send",
        /// The device's store drops its own log, as sent, before a receipt.
        PruneBeforeReceipt = "prune-before-receipt",
        /// A store that was opened again goes on with the same actor.
        ReuseActor = "reuse-actor",
        /// The server chains whatever comes.
        SkipChainCheck = "skip-chain-check",
        /// A corrected tally is added to the old one.
        TallyAdded = "tally-added",
        /// A conflict is ended by the newer clock instead of by the person.
        ClockDecides = "clock-decides",
        /// Taking a log apart drops its changes.
        UnsealDrops = "unseal-drops",
        /// The server stores a batch again that it has.
        DuplicateUnseen = "duplicate-unseen",
        /// The server says that nothing differs although something does.
        FalseAgreement = "false-agreement",
        /// The server signs for a batch that is not part of its log.
        ReceiptForFork = "receipt-for-fork",
        /// The server hands out what lies in quarantine.
        QuarantineLeaks = "quarantine-leaks",
        /// The server admits late changes without adopting them.
        NoAdoption = "no-adoption",
        /// The server's totals add a session again at each edit.
        TotalsAdded = "totals-added",
        /// The server does not look at the certificates that are shown with others' batches.
        CertificatesUnseen = "certificates-unseen",
        /// The server drops what it does not admit.
        QuarantineDrops = "quarantine-drops",
        /// Prepared snapshots hold what lies in quarantine.
        SnapshotLeaks = "snapshot-leaks",
        /// The server keeps what was over the quota in quarantine whatever a person decides.
        QuotaForGood = "quota-for-good",
    }
);

/// Which misfortunes may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub BTreeSet<Fault>);

impl Faults {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self(Fault::ALL.iter().copied().collect())
    }

    /// Whether this may happen.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|fault| fault.name()).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Faults {
    type Err = String;

    /// `all`, `none`, or names joined by commas.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::all()),
            "none" => Ok(Self(BTreeSet::new())),
            names => names.split(',').map(str::parse).collect::<Result<_, _>>().map(Self),
        }
    }
}
