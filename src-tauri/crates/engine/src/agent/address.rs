//! Which addresses are asked: resolved first, checked after.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use super::config::ConfigError;

/// Metadata services outside the link-local ranges: Alibaba Cloud, Oracle Cloud, and AWS over IPv6.
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
const METADATA_V6: [Ipv6Addr; 1] = [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)];

/// Whether an address leads to keys of the machine it is asked from: link-local and metadata services.
fn is_refused(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_link_local() || METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || METADATA_V6.contains(&v6),
    }
}

/// The address was refused after resolution.
#[derive(Debug)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is at a link-local or metadata address; agents there are not asked", self.0)
    }
}

impl std::error::Error for Refused {}

/// Resolves names and refuses what they must not lead to. One refused address refuses the name: a name that leads
/// to several must not get through by chance.
#[derive(Debug)]
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|address| is_refused(address.ip())) {
                return Err(Refused(name.as_str().to_owned()).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Reads an address that agents may have: http or https, a host, no credentials in it.
pub(super) fn parse(text: &str) -> Result<Url, ConfigError> {
    let refuse = |url: &str, why: &str| ConfigError::Address { url: url.to_owned(), why: why.to_owned() };
    // What stands before an `@` may be a password: it is not repeated.
    let shown = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    let url = Url::parse(text).map_err(|error| refuse(shown, &error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse(shown, "expected http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(shown, "it holds a name or a password; use `auth`"));
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) if is_refused(address) => Err(ConfigError::RefusedAddress(host.to_owned())),
        _ => Ok(url),
    }
}

/// Whether the host is this machine: never asked through a proxy.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let named = host == "localhost" || host.ends_with(".localhost");
    named || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_lead_to_keys_of_the_machine_are_refused() {
        for text in [
            "http://169.254.169.254/latest/meta-data",
            "http://[fe80::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "http://2852039166/",
        ] {
            assert!(matches!(parse(text), Err(ConfigError::RefusedAddress(_))), "{text}");
        }
        for text in
            ["http://127.0.0.1:11434/v1", "https://example.com/v1", "http://[::1]:8000/", "http://10.0.0.1"]
        {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_refused_without_repeating_it() {
        let error = parse("https://name:hunter2@example.com/v1").expect_err("refused").to_string();
        assert!(error.contains("use `auth`") && !error.contains("hunter2"), "{error}");
        assert!(parse("ftp://example.com").is_err());
        assert!(parse("not an address").is_err());
    }

    #[test]
    fn loopback_is_known_by_name_and_by_number() {
        let loopback = |text| is_loopback(&parse(text).expect("an address"));
        assert!(
            loopback("http://localhost:1/") && loopback("http://127.0.0.9/") && loopback("http://[::1]/")
        );
        assert!(!loopback("http://localhost.example.com/") && !loopback("http://10.0.0.1/"));
    }
}
