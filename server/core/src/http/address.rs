//! The address of a caller: that of the peer, or one from a header if the peer is a trusted proxy. All notations of an
//! address are equal here, and everything that counts by address uses [`key`].

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The other end of the connection. The host adds it to the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The most elements of `X-Forwarded-For` that are read. A chain of proxies has fewer.
const MOST_HOPS: usize = 32;

/// Proxies append the address that they saw, so the last address that is not a trusted proxy is the caller.
pub fn caller_address(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let mut address = peer?.to_canonical();
    if trusted.is_empty() {
        return Some(address);
    }
    let lists: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let hops = lists.iter().rev().flat_map(|list| list.rsplit(','));
    for text in hops
        .take(MOST_HOPS)
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        if !is_trusted(address, trusted) {
            break;
        }
        let Some(before) = forwarded(text) else {
            break;
        };
        address = before;
    }
    Some(address)
}

/// Whether the address is a trusted proxy.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// Parses a trusted proxy: an address, or a network such as `10.0.0.0/8`.
pub fn network(text: &str) -> Option<IpNet> {
    let of = |address: IpAddr| IpNet::from(address.to_canonical());
    let network = match text.parse() {
        Ok(address) => of(address),
        Err(_) => text.parse::<IpNet>().ok()?,
    };
    // `::ffff:10.0.0.0/104` is 10.0.0.0/8: addresses are compared in their short form.
    match (network.addr().to_canonical(), network.prefix_len()) {
        (IpAddr::V4(v4), length) if network.addr().is_ipv6() => {
            IpNet::new(v4.into(), length.checked_sub(96)?).ok()
        }
        _ => Some(network),
    }
}

/// One element of `X-Forwarded-For`: proxies write addresses bare, with a port, or in brackets.
fn forwarded(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = || {
        let inside = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        inside.unwrap_or(text).parse().ok()
    };
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let address: Option<IpAddr> = bare().or_else(with_port);
    address.map(|address| address.to_canonical())
}

/// The address that represents one internet line. A customer has at least a whole IPv6 /64, so that is one line,
/// represented by its first address. An IPv4 address represents itself, in whatever form it came.
pub fn line(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// The key under which an address is counted: its [`line`]. All callers without an address count as one.
pub fn key(address: Option<IpAddr>) -> String {
    match address.map(line) {
        None => String::new(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => format!("{address}/64"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|text| network(text).unwrap()).collect();
        caller_address(Some(ip(peer)), &headers, &trusted).unwrap()
    }

    #[test]
    fn a_header_counts_only_behind_a_named_proxy() {
        let proxies: &[&str] = &["10.0.0.1", "10.0.0.2"];
        let cases: [(&str, &[&str], &[&str], &str); 7] = [
            ("192.0.2.1", &["203.0.113.9"], &[], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9"], proxies, "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9"], proxies, "203.0.113.9"),
            (
                "10.0.0.1",
                &["198.51.100.7, 203.0.113.9, 10.0.0.2"],
                proxies,
                "203.0.113.9",
            ),
            (
                "10.0.0.1",
                &["198.51.100.7", "203.0.113.9"],
                proxies,
                "203.0.113.9",
            ),
            ("10.0.0.1", &["203.0.113.9, unknown"], proxies, "10.0.0.1"),
            ("10.0.0.1", &[], proxies, "10.0.0.1"),
        ];
        for (peer, forwarded, trusted, expected) in cases {
            assert_eq!(
                seen(peer, forwarded, trusted),
                ip(expected),
                "{peer} {forwarded:?}"
            );
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_understood() {
        for (text, expected) in [
            ("203.0.113.9:41234", "203.0.113.9"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("\"[2001:db8::7]:443\"", "2001:db8::7"),
            ("2001:DB8:0::7", "2001:db8::7"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
            ("::ffff:cb00:7109", "203.0.113.9"),
            ("203.0.113.9,", "203.0.113.9"),
            ("203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"),
            ("203.0.113.9, [::ffff:10.0.0.2]:8080", "203.0.113.9"),
        ] {
            for peer in ["10.0.0.1", "::ffff:10.0.0.1"] {
                for trusted in [["10.0.0.0/24"], ["::ffff:10.0.0.0/120"]] {
                    assert_eq!(seen(peer, &[text], &trusted), ip(expected), "{text}");
                }
            }
        }
        for text in [
            "unknown",
            "_hidden",
            "203.0.113",
            "[2001:db8::7",
            "203.0.113.9:",
            "1",
        ] {
            assert_eq!(
                seen("10.0.0.1", &[text], &["10.0.0.1"]),
                ip("10.0.0.1"),
                "{text}"
            );
        }
        assert_eq!(seen("::ffff:192.0.2.1", &[], &[]), ip("192.0.2.1"));
        for text in [
            "",
            "10.0.0.0/33",
            "proxy.example",
            "10.0.0.1:80",
            "::ffff:0:0/95",
        ] {
            assert_eq!(network(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn addresses_of_one_line_have_one_key(line: [u16; 4], a: [u16; 4], b: [u16; 4], v4: [u8; 4]) {
            let v6 = |host: [u16; 4]| {
                let [p, q, r, s] = line;
                let [t, u, v, w] = host;
                IpAddr::from([p, q, r, s, t, u, v, w])
            };
            prop_assume!(line != [0; 4]);
            prop_assert_eq!(super::line(v6(a)), super::line(v6(b)));
            prop_assert_eq!(key(Some(v6(a))), key(Some(v6(b))));
            let v4 = std::net::Ipv4Addr::from(v4);
            prop_assert_eq!(key(Some(v4.into())), v4.to_string());
            prop_assert_eq!(key(Some(v4.to_ipv6_mapped().into())), v4.to_string());
            prop_assert_ne!(key(Some(v6(a))), key(None));
        }

        #[test]
        fn two_lines_have_two_keys(a: [u16; 4], b: [u16; 4], host: [u16; 4]) {
            prop_assume!(a != b && a != [0; 4] && b != [0; 4]);
            let of = |[p, q, r, s]: [u16; 4]| {
                let [t, u, v, w] = host;
                key(Some(IpAddr::from([p, q, r, s, t, u, v, w])))
            };
            prop_assert_ne!(of(a), of(b));
        }

        /// Counting by line and by key groups the same callers.
        #[test]
        fn who_has_one_key_is_on_one_line(a: IpAddr, b: IpAddr, same: bool) {
            let b = if same { line(a) } else { b };
            prop_assert_eq!(line(a) == line(b), key(Some(a)) == key(Some(b)));
            prop_assert_eq!(line(line(a)), line(a));
        }
    }
}
