//! One list of fields makes the registers of a view and the patches of an edit, so that the two cannot drift apart.

/// Declares the registers of a kind of record and the patches of its edit. The key in the document is the field's name.
macro_rules! fields {
    (
        $(#[$view_doc:meta])* $view:ident,
        $(#[$edit_doc:meta])* $edit:ident,
        { $($(#[$doc:meta])* $field:ident: $type:ty,)+ }
    ) => {
        $(#[$view_doc])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
        pub struct $view {
            $($(#[$doc])* pub $field: $crate::record::register::Register<$type>,)+
        }

        $(#[$edit_doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $edit {
            $($(#[$doc])* pub $field: $crate::record::edit::Patch<$type>,)+
        }

        impl $view {
            /// The names of the fields, which are their keys in the document.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

            pub(crate) fn has(key: &str) -> bool {
                Self::NAMES.contains(&key)
            }

            pub(crate) fn read(
                state: &$crate::record::state::State,
            ) -> Result<Self, $crate::record::view::ViewError> {
                Ok(Self { $($field: state.register(stringify!($field))?,)+ })
            }

            pub(crate) fn conflicts(&self) -> Vec<$crate::record::view::Conflict> {
                let mut conflicts = Vec::new();
                $(conflicts.extend($crate::record::view::Conflict::of(stringify!($field), &self.$field));)+
                conflicts
            }
        }

        impl $edit {
            pub(crate) fn write(
                &self,
                out: &mut $crate::record::edit::Writes,
            ) -> Result<(), $crate::record::edit::EditError> {
                $(out.patch(stringify!($field), &self.$field)?;)+
                Ok(())
            }
        }
    };
}
pub(crate) use fields;
