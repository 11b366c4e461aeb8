use super::*;

#[test]
fn a_database_error_tells_the_caller_nothing() {
    let problem = Problem::from(DbError::Damaged { column: "account.role", why: "secret".into() });
    assert_eq!(problem.code(), "server.failed");
    assert!(!serde_json::to_string(&problem.document()).expect("JSON").contains("secret"));
}

#[test]
fn codes_are_noun_and_cause() {
    for kind in [NOT_FOUND, METHOD, TOO_LARGE, CUT, MEDIA, SYNTAX, FIELD, QUERY, PATH, TIMEOUT, REFUSED, BUSY, INTERNAL]
    {
        let (noun, cause) = kind.code.split_once('.').expect("two parts");
        assert!(
            [noun, cause].iter().all(|part| part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')),
            "{}",
            kind.code
        );
        assert!(kind.title_vi.contains(' ') && (400..600).contains(&kind.status), "{}", kind.code);
    }
}
