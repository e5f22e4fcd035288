//! The address of a caller: the peer's. What a header says of it counts only where the peer is a proxy that the
//! deployment named.

use std::net::IpAddr;

use http::HeaderMap;

/// The other end of the connection. The host leaves it in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Proxies append the address that they saw, so the last one that is no proxy of ours is the caller.
pub fn caller_address(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[IpAddr],
) -> Option<IpAddr> {
    let mut address = peer?;
    if trusted.is_empty() {
        return Some(address);
    }
    let lists: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    for text in lists.iter().rev().flat_map(|list| list.rsplit(',')) {
        if !trusted.contains(&address) {
            break;
        }
        let Ok(before) = text.trim().parse() else {
            break;
        };
        address = before;
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_counts_only_behind_a_named_proxy() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        let cases: [(&str, &[&str], &[IpAddr], &str); 7] = [
            ("192.0.2.1", &["203.0.113.9"], &[], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9"], &proxies, "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9"], &proxies, "203.0.113.9"),
            (
                "10.0.0.1",
                &["198.51.100.7, 203.0.113.9, 10.0.0.2"],
                &proxies,
                "203.0.113.9",
            ),
            (
                "10.0.0.1",
                &["198.51.100.7", "203.0.113.9"],
                &proxies,
                "203.0.113.9",
            ),
            ("10.0.0.1", &["203.0.113.9, unknown"], &proxies, "10.0.0.1"),
            ("10.0.0.1", &[], &proxies, "10.0.0.1"),
        ];
        for (peer, forwarded, trusted, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            assert_eq!(
                caller_address(Some(ip(peer)), &headers, trusted),
                Some(ip(expected)),
                "{peer} {forwarded:?}"
            );
        }
    }
}
