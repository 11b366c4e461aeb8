//! Who appears in the sample data. All made up; the passwords are printed for everybody to see.

use sync_core::id::{AreaId, Role};

/// A sample account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// What is typed to sign in.
    pub username: &'static str,
    /// The name shown.
    pub name: &'static str,
    /// What the person may do.
    pub role: Role,
    /// The password.
    pub password: &'static str,
    /// The areas, generation and code.
    pub areas: &'static [(u16, u32)],
    /// The post, for who works at one.
    pub post: Option<&'static str>,
}

impl Person {
    /// The areas granted.
    #[must_use]
    pub fn area_ids(&self) -> Vec<AreaId> {
        self.areas.iter().map(|(generation, code)| AreaId { generation: *generation, code: *code }).collect()
    }
}

const fn person(
    username: &'static str,
    name: &'static str,
    role: Role,
    password: &'static str,
    areas: &'static [(u16, u32)],
    post: Option<&'static str>,
) -> Person {
    Person { username, name, role, password, areas, post }
}

/// One account a role first, then the guards of other posts. `vongai` and `dongvan` still carry units of 2024: one was
/// split in 2025, the other merged.
pub const PEOPLE: &[Person] = &[
    person("bienphong", "Hoàng Văn Mẫu", Role::Guard, "suoi-reo-2026", &[(2025, 6841), (2025, 6856)], Some("hoanh-mo")),
    person(
        "canbo",
        "Trần Thị Mẫu",
        Role::Officer,
        "doi-che-xanh-2026",
        &[(2025, 6841), (2025, 6838), (2025, 6856)],
        None,
    ),
    person("dieuphoi", "Lê Văn Ví Dụ", Role::Coordinator, "bien-gioi-xa-2026", &[], None),
    person("quantri", "Phạm Thị Thử", Role::Administrator, "nui-cao-may-2026", &[], None),
    person("bienphong2", "Bàn Văn Thử", Role::Guard, "suoi-reo-2026", &[(2025, 6841)], Some("hoanh-mo-team")),
    person("binhlieu", "Chíu Văn Mẫu", Role::Guard, "suoi-reo-2026", &[(2025, 6838)], Some("binh-lieu")),
    person(
        "quangduc",
        "Tằng Văn Ví Dụ",
        Role::Guard,
        "suoi-reo-2026",
        &[(2025, 6931), (2025, 6946)],
        Some("quang-duc"),
    ),
    person("mongcai", "Nguyễn Văn Thử", Role::Guard, "suoi-reo-2026", &[(2025, 6709), (2025, 6712)], Some("mong-cai")),
    person("vongai", "Lỷ Văn Mẫu", Role::Guard, "suoi-reo-2026", &[(2024, 6853)], Some("binh-lieu")),
    person("dongvan", "Nông Văn Ví Dụ", Role::Guard, "suoi-reo-2026", &[(2024, 6847)], Some("dong-van")),
    person(
        "quangha",
        "Vũ Thị Thử",
        Role::Officer,
        "doi-che-xanh-2026",
        &[(2025, 6931), (2025, 6946), (2025, 6709)],
        None,
    ),
];
