-- From here on the text is the same for every engine. One pass over the records: nothing below is referred to twice, because
-- engines that expand a WITH would read the logs again.
judged AS (
  SELECT r.*,
    CASE
      -- From that second on hours have no number of 32 bits.
      WHEN is_short = 1 OR start_second IS NULL OR start_second < 0 OR start_second >= 15461882265600 THEN 'malformed'
      WHEN pkt_src_end = '?' OR pkt_dst_end = '?' THEN 'malformed'
      WHEN log_status NOT IN ('OK', 'NODATA', 'SKIPDATA') THEN 'malformed'
      WHEN action NOT IN ('ACCEPT', 'REJECT', '-') THEN 'malformed'
      WHEN log_status = 'OK' AND (action = '-' OR src_end = '?' OR dst_end = '?') THEN 'malformed'
      WHEN log_status = 'OK' AND action = 'ACCEPT' AND (src_end = '-' OR dst_end = '-' OR bytes IS NULL) THEN 'malformed'
      WHEN start_second < @WINDOW_START OR start_second >= @WINDOW_END THEN 'out_of_window'
      WHEN log_status = 'NODATA' THEN 'nodata'
      WHEN log_status = 'SKIPDATA' THEN 'skipdata'
      WHEN action = 'REJECT' THEN 'rejected'
      ELSE 'accepted'
    END AS fate,
    CASE WHEN resource_id <> '-' THEN resource_id ELSE interface_id END AS name,
    CASE WHEN has_pkt = 1 AND pkt_src_end <> '-' THEN pkt_src_end ELSE src_end END AS real_from,
    CASE WHEN has_pkt = 1 AND pkt_dst_end <> '-' THEN pkt_dst_end ELSE dst_end END AS real_to
  FROM spelled r
),
-- What the inventory knows of the interface, and which ends are public addresses of things in known VPCs.
met AS (
  SELECT j.*,
    coalesce(i.role, 'unknown') AS role,
    coalesce(i.gateway, '-') AS own_gateway,
    coalesce(i.is_regional, 0) AS is_regional,
    coalesce(i.route_key, '-') AS route_key,
    CASE WHEN a.address IS NOT NULL AND b.address IS NULL THEN 1 ELSE 0 END AS from_is_peer,
    CASE WHEN b.address IS NOT NULL AND a.address IS NULL THEN 1 ELSE 0 END AS to_is_peer,
    CASE
      WHEN next_hop_type = '-' THEN '-'
      WHEN next_hop_type NOT IN ('nat_gateway', 'regional_nat_gateway') THEN '(not a NAT gateway)'
      WHEN next_hop_id = '-' THEN '(unnamed NAT gateway)'
      ELSE next_hop_id
    END AS next_hop,
    CASE WHEN instance_id <> '-' OR owner <> '-' THEN 1 ELSE 0 END AS has_word
  FROM judged j
  LEFT JOIN natlens_interfaces i ON i.name = j.name
  LEFT JOIN natlens_peers a ON a.address = j.real_from
  LEFT JOIN natlens_peers b ON b.address = j.real_to
),
-- Ports are nearly random: kept only where they say who serves.
ported AS (
  SELECT m.*,
    CASE
      WHEN from_is_peer = 1 AND (src_port < 0 OR role <> 'nat' AND src_port >= 32768 AND dst_port BETWEEN 0 AND 32767) THEN 0
      WHEN to_is_peer = 1 AND (dst_port < 0 OR role <> 'nat' AND dst_port >= 32768 AND src_port BETWEEN 0 AND 32767) THEN 0
      WHEN from_is_peer = 1 THEN src_port
      WHEN to_is_peer = 1 THEN dst_port
      ELSE 0
    END AS served_port,
    CASE WHEN src_port IN (@PORTS) THEN src_port ELSE 0 END AS kept_src_port,
    CASE WHEN dst_port IN (@PORTS) THEN dst_port ELSE 0 END AS kept_dst_port,
    CASE
      WHEN fate <> 'accepted' OR role NOT IN ('quiet', 'client', 'unknown') THEN '-'
      WHEN split_part(replace(real_from, ':', '.'), '.', 1) NOT IN (@VPC_PREFIXES) THEN '-'
      WHEN split_part(replace(real_to, ':', '.'), '.', 1) NOT IN (@VPC_PREFIXES) THEN '-'
      WHEN src_port = 0 AND dst_port = 0 THEN '-'
      WHEN src_port > 0 AND dst_port > 0 AND src_port < 32768 AND src_port < dst_port THEN 'from'
      WHEN src_port > 0 AND dst_port > 0 AND dst_port < 32768 AND dst_port < src_port THEN 'to'
      ELSE 'smaller'
    END AS server_end,
    CASE
      WHEN src_port > 0 AND dst_port > 0 AND src_port < 32768 AND src_port <= dst_port THEN src_port
      WHEN src_port > 0 AND dst_port > 0 AND dst_port < 32768 THEN dst_port
      ELSE 0
    END AS lower_port,
    CASE
      WHEN fate <> 'accepted' THEN 0
      WHEN role IN ('quiet', 'carrier') AND next_hop IN ('-', '(not a NAT gateway)') THEN 0
      WHEN role = 'client' AND next_hop = '(not a NAT gateway)' THEN 0
      ELSE 1
    END AS may_be_nat,
    CASE WHEN fate IN ('accepted', 'rejected', 'nodata', 'skipdata') THEN 1 ELSE 0 END AS is_inside
  FROM met m
),
-- Collapsed: what nothing below looks at is left out of the key.
folded AS (
  SELECT fate, is_inside, flow_log, hour, name, role, own_gateway, is_regional, route_key, has_pkt, has_word, owner, instance_id,
    src, dst, from_addr, to_addr, direction, from_label, to_label, next_hop, server_end, server_port, served_port,
    kept_src_port, kept_dst_port, may_be_nat,
    min(account) AS account, min(region) AS region, min(vpc) AS vpc, min(subnet) AS subnet, min(az) AS az,
    min(interface_type) AS interface_type,
    count(*) AS records, CAST(sum(bytes) AS BIGINT) AS bytes, min(second) AS first_second, max(second) AS last_second
  FROM (
    SELECT fate, is_inside, has_pkt,
      CASE WHEN is_inside = 1 THEN flow_log ELSE '-' END AS flow_log,
      CASE WHEN is_inside = 1 THEN start_second - start_second % 3600 ELSE 0 END AS hour,
      CASE WHEN is_inside = 1 THEN start_second % 3600 ELSE 0 END AS second,
      CASE WHEN is_inside = 1 THEN name ELSE '-' END AS name,
      CASE WHEN is_inside = 1 THEN role ELSE '-' END AS role,
      CASE WHEN is_inside = 1 THEN own_gateway ELSE '-' END AS own_gateway,
      CASE WHEN is_inside = 1 THEN is_regional ELSE 0 END AS is_regional,
      CASE WHEN is_inside = 1 THEN route_key ELSE '-' END AS route_key,
      CASE WHEN is_inside = 1 THEN has_word ELSE 0 END AS has_word,
      CASE WHEN is_inside = 1 THEN owner ELSE '-' END AS owner,
      CASE WHEN is_inside = 1 THEN instance_id ELSE '-' END AS instance_id,
      CASE WHEN is_inside = 1 THEN nullif(coalesce(nullif(account_id, '-'), hint_account), '-') END AS account,
      CASE WHEN is_inside = 1 THEN nullif(coalesce(nullif(region, '-'), hint_region), '-') END AS region,
      CASE WHEN is_inside = 1 THEN nullif(vpc_id, '-') END AS vpc,
      CASE WHEN is_inside = 1 THEN nullif(subnet_id, '-') END AS subnet,
      CASE WHEN is_inside = 1 THEN nullif(az_id, '-') END AS az,
      CASE WHEN is_inside = 1 THEN nullif(interface_type, '-') END AS interface_type,
      CASE WHEN fate = 'malformed' OR log_status <> 'OK' THEN 0 ELSE coalesce(bytes, 0) END AS bytes,
      CASE WHEN is_inside = 1 AND log_status = 'OK' AND (has_word = 1 OR fate = 'accepted' AND (may_be_nat = 1 OR server_end <> '-'))
        THEN src_end ELSE '-' END AS src,
      CASE WHEN is_inside = 1 AND log_status = 'OK' AND (has_word = 1 OR fate = 'accepted' AND (may_be_nat = 1 OR server_end <> '-'))
        THEN dst_end ELSE '-' END AS dst,
      CASE WHEN fate = 'accepted' AND (may_be_nat = 1 OR server_end <> '-') THEN real_from ELSE '-' END AS from_addr,
      CASE WHEN fate = 'accepted' AND (may_be_nat = 1 OR server_end <> '-') THEN real_to ELSE '-' END AS to_addr,
      CASE WHEN is_inside = 1 AND (has_word = 1 OR may_be_nat = 1) AND direction IN ('ingress', 'egress') THEN direction ELSE '-' END AS direction,
      CASE WHEN may_be_nat = 1 THEN from_service ELSE '-' END AS from_label,
      CASE WHEN may_be_nat = 1 THEN to_service ELSE '-' END AS to_label,
      CASE WHEN may_be_nat = 1 AND role <> 'nat' THEN next_hop ELSE '-' END AS next_hop,
      server_end,
      CASE WHEN server_end <> '-' THEN lower_port ELSE 0 END AS server_port,
      CASE WHEN may_be_nat = 1 THEN served_port ELSE 0 END AS served_port,
      CASE WHEN may_be_nat = 1 THEN kept_src_port ELSE 0 END AS kept_src_port,
      CASE WHEN may_be_nat = 1 THEN kept_dst_port ELSE 0 END AS kept_dst_port,
      may_be_nat
    FROM ported
  ) p
  GROUP BY fate, is_inside, flow_log, hour, name, role, own_gateway, is_regional, route_key, has_pkt, has_word, owner, instance_id,
    src, dst, from_addr, to_addr, direction, from_label, to_label, next_hop, server_end, server_port, served_port,
    kept_src_port, kept_dst_port, may_be_nat
),
-- IPv4 addresses as numbers, IPv6 by their first group, once for each collapsed row.
numbered AS (
  SELECT f.*,
    CASE
      WHEN has_pkt = 0 THEN 'no-pkt'
      WHEN src = from_addr AND dst = to_addr THEN 'plain'
      WHEN src = from_addr THEN 'dst-shown'
      WHEN dst = to_addr THEN 'src-shown'
      ELSE 'both-shown'
    END AS shape,
    CASE WHEN from_addr LIKE '%.%' THEN
      TRY_CAST(split_part(from_addr, '.', 1) AS BIGINT) * 16777216 + TRY_CAST(split_part(from_addr, '.', 2) AS BIGINT) * 65536
      + TRY_CAST(split_part(from_addr, '.', 3) AS BIGINT) * 256 + TRY_CAST(split_part(from_addr, '.', 4) AS BIGINT) END AS from_ip,
    CASE WHEN to_addr LIKE '%.%' THEN
      TRY_CAST(split_part(to_addr, '.', 1) AS BIGINT) * 16777216 + TRY_CAST(split_part(to_addr, '.', 2) AS BIGINT) * 65536
      + TRY_CAST(split_part(to_addr, '.', 3) AS BIGINT) * 256 + TRY_CAST(split_part(to_addr, '.', 4) AS BIGINT) END AS to_ip,
    CASE WHEN from_addr LIKE '%.%' THEN
      TRY_CAST(split_part(from_addr, '.', 1) AS BIGINT) * 256 + TRY_CAST(split_part(from_addr, '.', 2) AS BIGINT) END AS from_bucket,
    CASE WHEN to_addr LIKE '%.%' THEN
      TRY_CAST(split_part(to_addr, '.', 1) AS BIGINT) * 256 + TRY_CAST(split_part(to_addr, '.', 2) AS BIGINT) END AS to_bucket,
    CASE WHEN from_addr LIKE '0064:ff9b:0000:0000:0000:0000:%' THEN 1 ELSE 0 END AS from_nat64,
    CASE WHEN to_addr LIKE '0064:ff9b:0000:0000:0000:0000:%' THEN 1 ELSE 0 END AS to_nat64,
    CASE WHEN from_addr LIKE '%:%' THEN from_addr END AS from_six,
    CASE WHEN to_addr LIKE '%:%' THEN to_addr END AS to_six,
    CASE WHEN from_addr LIKE '%:%' THEN substr(from_addr, 1, 4) END AS from_group,
    CASE WHEN to_addr LIKE '%:%' THEN substr(to_addr, 1, 4) END AS to_group,
    CASE WHEN from_addr LIKE '%:%' OR to_addr LIKE '%:%' THEN 1 ELSE 0 END AS has_v6,
    CASE WHEN role = 'nat' THEN own_gateway END AS nat_key,
    CASE WHEN role = 'client' AND route_key <> '-' THEN route_key END AS client_key
  FROM folded f
),
-- Where the ends are: a gateway's own addresses, addresses that a client can have, VPCs, and what the route table sends to a gateway.
placed AS (
  SELECT n.*,
    CASE WHEN oa.address IS NOT NULL THEN 1 ELSE 0 END AS from_own,
    CASE WHEN ob.address IS NOT NULL THEN 1 ELSE 0 END AS to_own,
    CASE WHEN la.range_start IS NOT NULL OR sa.holders IS NOT NULL OR from_group BETWEEN 'fc00' AND 'fdff' OR from_group BETWEEN 'fe80' AND 'febf'
      OR from_group LIKE 'ff%' OR from_six = '0000:0000:0000:0000:0000:0000:0000:0001' THEN 1 ELSE 0 END AS from_local,
    CASE WHEN lb.range_start IS NOT NULL OR sb.holders IS NOT NULL OR to_group BETWEEN 'fc00' AND 'fdff' OR to_group BETWEEN 'fe80' AND 'febf'
      OR to_group LIKE 'ff%' OR to_six = '0000:0000:0000:0000:0000:0000:0000:0001' THEN 1 ELSE 0 END AS to_local,
    coalesce(va.holders, sa.holders, 0) AS from_holders,
    coalesce(vb.holders, sb.holders, 0) AS to_holders,
    ra.gateway AS from_route,
    rb.gateway AS to_route,
    h.gateway AS hop_gateway
  FROM numbered n
  LEFT JOIN natlens_gateway_addresses oa ON oa.gateway = n.nat_key AND oa.address = n.from_addr
  LEFT JOIN natlens_gateway_addresses ob ON ob.gateway = n.nat_key AND ob.address = n.to_addr
  LEFT JOIN natlens_local_ranges la ON la.bucket = n.from_bucket AND n.from_ip BETWEEN la.range_start AND la.range_end
  LEFT JOIN natlens_local_ranges lb ON lb.bucket = n.to_bucket AND n.to_ip BETWEEN lb.range_start AND lb.range_end
  LEFT JOIN natlens_vpc_ranges va ON va.bucket = n.from_bucket AND n.from_ip BETWEEN va.range_start AND va.range_end
  LEFT JOIN natlens_vpc_ipv6_ranges sa ON sa.bucket = n.from_group AND n.from_six BETWEEN sa.range_start AND sa.range_end
  LEFT JOIN natlens_vpc_ranges vb ON vb.bucket = n.to_bucket AND n.to_ip BETWEEN vb.range_start AND vb.range_end
  LEFT JOIN natlens_vpc_ipv6_ranges sb ON sb.bucket = n.to_group AND n.to_six BETWEEN sb.range_start AND sb.range_end
  LEFT JOIN natlens_nat_routes ra ON ra.route_key = n.client_key AND n.from_ip BETWEEN ra.range_start AND ra.range_end
  LEFT JOIN natlens_nat_routes rb ON rb.route_key = n.client_key AND n.to_ip BETWEEN rb.range_start AND rb.range_end
  LEFT JOIN natlens_next_hops h ON h.name = n.next_hop
),
-- Which of the four records of a conversation it is, and whether it can have used a gateway at all.
legged AS (
  SELECT p.*,
    CASE
      WHEN role <> 'nat' OR is_regional = 1 OR shape = 'no-pkt' OR fate <> 'accepted' THEN 0
      WHEN to_nat64 = 1 THEN 1
      WHEN from_nat64 = 1 THEN 4
      WHEN from_own = 1 THEN 2
      WHEN to_own = 1 THEN 3
      WHEN shape = 'dst-shown' AND from_local = 0 AND to_local = 1 THEN 3
      WHEN shape = 'dst-shown' THEN 1
      WHEN shape = 'src-shown' AND to_local = 0 AND from_local = 1 THEN 2
      WHEN shape = 'src-shown' THEN 4
      WHEN direction = 'egress' THEN 2
      WHEN direction = 'ingress' THEN 3
      ELSE 0
    END AS leg,
    CASE
      WHEN may_be_nat = 0 THEN 0
      WHEN client_key IS NOT NULL AND next_hop = '-' AND has_v6 = 0 AND from_route IS NULL AND to_route IS NULL THEN 0
      ELSE 1
    END AS is_row,
    CASE
      WHEN server_end = '-' THEN 0
      WHEN from_holders = to_holders OR from_holders = 0 OR to_holders = 0 THEN 0
      ELSE 1
    END AS is_crossing,
    -- The gateway in question: whether its own records speak in the hour decides about those of its clients.
    CASE
      WHEN role = 'nat' THEN own_gateway
      WHEN next_hop NOT IN ('-', '(unnamed NAT gateway)', '(not a NAT gateway)') THEN hop_gateway
      WHEN client_key IS NULL OR has_v6 = 1 THEN NULL
      WHEN from_route IS NULL THEN to_route
      WHEN to_route IS NULL OR to_route = from_route THEN from_route
    END AS about
  FROM placed p
),
-- One flow log speaks for an interface in an hour: of those with an accepted record the one that has pkt-*, then the smallest id.
ranked AS (
  SELECT l.*,
    CASE WHEN max(CASE WHEN fate = 'accepted' THEN 1 ELSE 0 END) OVER (PARTITION BY name, hour, flow_log) = 1 THEN
      CASE WHEN max(CASE WHEN fate = 'accepted' AND has_pkt = 1 THEN 1 ELSE 0 END) OVER (PARTITION BY name, hour, flow_log) = 1
        THEN '0' ELSE '1' END || flow_log END AS claim,
    -- 1 for an accepted record, 2 for one with pkt-*.
    max(CASE WHEN role = 'nat' AND fate = 'accepted' THEN 1 + has_pkt ELSE 0 END) OVER (PARTITION BY coalesce(about, name), hour) AS gateway_accepts,
    min(CASE WHEN role = 'nat' AND is_inside = 1 THEN flow_log END) OVER (PARTITION BY coalesce(about, name), hour) AS first_gateway_log,
    max(CASE WHEN role = 'nat' AND is_inside = 1 THEN flow_log END) OVER (PARTITION BY coalesce(about, name), hour) AS last_gateway_log,
    CASE WHEN src < dst THEN src ELSE dst END AS lower_end,
    CASE WHEN src < dst THEN dst ELSE src END AS upper_end
  FROM legged l
),
spoken AS (
  SELECT r.*,
    CASE WHEN claim = min(claim) OVER (PARTITION BY name, hour) THEN 1 ELSE 0 END AS speaks,
    -- The address that all records with a word about the owner have in common.
    CASE WHEN has_word = 1 THEN name ELSE from_addr END AS own_of,
    CASE WHEN has_word = 1 THEN 0 ELSE hour END AS own_time,
    CASE WHEN has_word = 0 OR src = '-' OR dst = '-' THEN 0 ELSE 1 END AS shows_own,
    CASE WHEN has_word = 0 OR src = '-' OR dst = '-' THEN NULL WHEN direction = 'egress' THEN src WHEN direction = 'ingress' THEN dst ELSE lower_end END AS own_low,
    CASE WHEN has_word = 0 OR src = '-' OR dst = '-' THEN NULL WHEN direction = 'egress' THEN src WHEN direction = 'ingress' THEN dst ELSE upper_end END AS own_high
  FROM ranked r
),
-- Only rows with a word about the owner have any of this. The others, a gateway's of a whole month among them, are spread, so that no
-- worker gets them all.
owned AS (
  SELECT s.*,
    min(own_low) OVER (PARTITION BY has_word, own_of, own_time) AS own_a,
    max(own_low) OVER (PARTITION BY has_word, own_of, own_time) AS own_b,
    max(own_high) OVER (PARTITION BY has_word, own_of, own_time) AS own_c
  FROM spoken s
),
-- Each row in the form of each part of the answer that it goes to; '-' is no part.
formed AS (
  SELECT o.*,
    CASE WHEN is_inside = 0 THEN fate ELSE '-' END AS loose_kind,
    CASE WHEN is_inside = 1 THEN hour ELSE -1 END AS cell_hour,
    CASE WHEN is_inside = 1 THEN name ELSE '?' END AS facts_of,
    CASE WHEN is_inside = 1 AND has_word = 1 THEN owner ELSE '?' END AS word_owner,
    CASE
      WHEN is_row = 0 OR speaks = 0 THEN -1
      -- A gateway may have been another than the one to which routes lead now.
      WHEN @GRAIN = 3600 OR role = 'unknown' OR about IS NULL OR about IN (@BY_HOUR_GATEWAYS) OR hour < @BY_HOUR_UNTIL THEN hour
      WHEN role <> 'nat' AND gateway_accepts < 2 AND first_gateway_log <> last_gateway_log THEN hour
      ELSE hour - hour % 86400
    END AS row_time,
    CASE WHEN role = 'nat' OR about IS NULL THEN '-' WHEN gateway_accepts = 2 THEN '+' WHEN gateway_accepts = 1 THEN '~'
      ELSE coalesce(first_gateway_log, '-') END AS row_cover,
    CASE leg WHEN 1 THEN 'pair' WHEN 4 THEN 'pair' WHEN 2 THEN 'leg2' WHEN 3 THEN 'leg3' ELSE shape END AS seen,
    CASE WHEN leg IN (2, 3) THEN '-' WHEN leg = 4 THEN to_addr ELSE from_addr END AS row_from,
    CASE WHEN leg IN (2, 3) THEN '-' WHEN leg = 4 THEN from_addr ELSE to_addr END AS row_to,
    CASE WHEN role <> 'unknown' THEN '-' WHEN shape = 'src-shown' THEN src WHEN shape IN ('dst-shown', 'both-shown') THEN dst ELSE '-' END AS row_shown,
    CASE WHEN leg = 0 THEN from_label ELSE '-' END AS row_from_label,
    CASE WHEN leg IN (2, 3) THEN '-' WHEN leg = 4 THEN from_label ELSE to_label END AS row_to_label,
    CASE WHEN leg = 0 THEN direction ELSE '-' END AS row_direction,
    CASE
      WHEN leg IN (2, 3) THEN 0
      WHEN served_port > 0 THEN served_port
      WHEN leg = 1 THEN kept_dst_port
      WHEN leg = 4 THEN kept_src_port
      WHEN kept_src_port > 0 AND (kept_dst_port = 0 OR kept_src_port < kept_dst_port) THEN kept_src_port
      ELSE kept_dst_port
    END AS row_port,
    CASE WHEN is_crossing = 0 OR speaks = 0 THEN -1 ELSE server_port END AS crossing_port,
    -- Whether the sender serves. IPv4 sorts as ::ffff:0:0/96 does.
    CASE
      WHEN server_end = 'from' THEN 1
      WHEN server_end <> 'smaller' THEN 0
      WHEN has_v6 = 0 AND from_ip < to_ip THEN 1
      WHEN has_v6 = 1 AND coalesce(from_six, '0000:0000:0000:0000:0000:ffff') < coalesce(to_six, '0000:0000:0000:0000:0000:ffff') THEN 1
      ELSE 0
    END AS sender_serves
  FROM owned o
),
grouped AS (
  SELECT loose_kind, flow_log, name, cell_hour, facts_of, word_owner, instance_id, row_time, row_cover, seen, row_from, row_to, row_shown,
    row_from_label, row_to_label, next_hop, row_direction, row_port, crossing_port, crossing_client, crossing_server,
    count(*) AS collapsed,
    min(hour) AS first_hour, max(hour) AS last_hour, min(first_second) AS first_second, max(last_second) AS last_second,
    min(account) AS account, min(region) AS region, min(vpc) AS vpc, min(subnet) AS subnet, min(az) AS az,
    min(nullif(instance_id_of_facts, '-')) AS instance, min(interface_type) AS interface_type,
    max(CASE WHEN fate = 'accepted' THEN has_pkt ELSE 0 END) AS has_pkt,
    CAST(sum(records) AS BIGINT) AS all_records, CAST(sum(bytes) AS BIGINT) AS all_bytes,
    CAST(sum(CASE WHEN fate = 'accepted' THEN records ELSE 0 END) AS BIGINT) AS accepted_records,
    CAST(sum(CASE WHEN fate = 'accepted' THEN bytes ELSE 0 END) AS BIGINT) AS accepted_bytes,
    CAST(sum(CASE WHEN fate = 'rejected' THEN records ELSE 0 END) AS BIGINT) AS rejected_records,
    CAST(sum(CASE WHEN fate = 'rejected' THEN bytes ELSE 0 END) AS BIGINT) AS rejected_bytes,
    CAST(sum(CASE WHEN fate = 'nodata' THEN records ELSE 0 END) AS BIGINT) AS nodata,
    CAST(sum(CASE WHEN fate = 'skipdata' THEN records ELSE 0 END) AS BIGINT) AS skipdata,
    CAST(sum(CASE WHEN leg = 4 THEN records ELSE 0 END) AS BIGINT) AS against_records,
    CAST(sum(CASE WHEN leg = 4 THEN bytes ELSE 0 END) AS BIGINT) AS against_bytes,
    CAST(sum(CASE WHEN sender_serves = 1 THEN records ELSE 0 END) AS BIGINT) AS served_records,
    CAST(sum(CASE WHEN sender_serves = 1 THEN bytes ELSE 0 END) AS BIGINT) AS served_bytes,
    sum(shows_own) AS own_rows,
    sum(CASE WHEN shows_own = 1 AND (own_low = own_a OR own_high = own_a) THEN 1 ELSE 0 END) AS own_rows_a,
    sum(CASE WHEN shows_own = 1 AND (own_low = own_b OR own_high = own_b) THEN 1 ELSE 0 END) AS own_rows_b,
    sum(CASE WHEN shows_own = 1 AND (own_low = own_c OR own_high = own_c) THEN 1 ELSE 0 END) AS own_rows_c,
    min(own_a) AS own_a, min(own_b) AS own_b, min(own_c) AS own_c
  FROM (
    SELECT f.*, instance_id AS instance_id_of_facts,
      CASE WHEN crossing_port < 0 THEN '-' WHEN sender_serves = 1 THEN to_addr ELSE from_addr END AS crossing_client,
      CASE WHEN crossing_port < 0 THEN '-' WHEN sender_serves = 1 THEN from_addr ELSE to_addr END AS crossing_server
    FROM formed f
  ) g
  GROUP BY GROUPING SETS (
    (loose_kind),
    (flow_log, name, cell_hour),
    (facts_of),
    (flow_log, name, word_owner, instance_id),
    (flow_log, name, row_time, row_cover, seen, row_from, row_to, row_shown, row_from_label, row_to_label, next_hop, row_direction, row_port),
    (flow_log, name, cell_hour, crossing_port, crossing_client, crossing_server)
  )
)
SELECT
  CASE
    WHEN loose_kind IS NOT NULL THEN loose_kind
    WHEN crossing_port IS NOT NULL THEN 'crossing'
    WHEN cell_hour IS NOT NULL THEN 'hour'
    WHEN facts_of IS NOT NULL THEN 'interface'
    WHEN word_owner IS NOT NULL THEN 'word'
    ELSE 'row'
  END AS kind,
  coalesce(flow_log, '-') AS flow_log,
  coalesce(name, facts_of, '-') AS interface,
  CAST(CASE WHEN cell_hour IS NOT NULL THEN cell_hour WHEN row_time IS NOT NULL THEN first_hour ELSE 0 END AS BIGINT) AS hour,
  CASE WHEN facts_of IS NOT NULL THEN coalesce(account, '-') ELSE '-' END AS account_id,
  CASE WHEN facts_of IS NOT NULL THEN coalesce(region, '-') ELSE '-' END AS region,
  CASE WHEN facts_of IS NOT NULL THEN coalesce(vpc, '-') ELSE '-' END AS vpc_id,
  CASE WHEN facts_of IS NOT NULL THEN coalesce(subnet, '-') ELSE '-' END AS subnet_id,
  CASE WHEN facts_of IS NOT NULL THEN coalesce(az, '-') ELSE '-' END AS az_id,
  CASE WHEN facts_of IS NOT NULL THEN coalesce(instance, '-') WHEN word_owner IS NOT NULL THEN instance_id ELSE '-' END AS instance_id,
  CASE WHEN facts_of IS NOT NULL THEN coalesce(interface_type, '-') ELSE '-' END AS interface_type,
  CASE
    WHEN facts_of IS NOT NULL THEN CASE WHEN own_rows > 0 AND own_rows_a = own_rows THEN own_a WHEN own_rows > 0 AND own_rows_b = own_rows THEN own_b
      WHEN own_rows > 0 AND own_rows_c = own_rows THEN own_c ELSE '-' END
    ELSE coalesce(row_from, crossing_client, '-')
  END AS sender,
  CASE
    WHEN facts_of IS NOT NULL THEN CASE WHEN own_rows > 0 AND own_rows_c = own_rows AND own_c <> own_a AND own_rows_a = own_rows THEN own_c
      WHEN own_rows > 0 AND own_rows_c = own_rows AND own_c <> own_b AND own_rows_b = own_rows THEN own_c ELSE '-' END
    ELSE coalesce(row_to, crossing_server, '-')
  END AS receiver,
  CASE WHEN facts_of IS NOT NULL AND own_rows = 0 THEN 'any' ELSE coalesce(row_shown, '-') END AS shown,
  coalesce(row_from_label, '-') AS sender_label,
  coalesce(row_to_label, '-') AS receiver_label,
  coalesce(next_hop, '-') AS next_hop,
  coalesce(seen, '-') AS seen,
  coalesce(row_direction, '-') AS direction,
  CAST(coalesce(row_port, crossing_port, 0) AS BIGINT) AS port,
  coalesce(word_owner, '-') AS owner,
  CAST(CASE WHEN crossing_port IS NULL AND cell_hour IS NOT NULL THEN first_second WHEN word_owner IS NOT NULL THEN first_hour ELSE 0 END AS BIGINT) AS first_at,
  CAST(CASE WHEN crossing_port IS NULL AND cell_hour IS NOT NULL THEN last_second WHEN word_owner IS NOT NULL THEN last_hour ELSE 0 END AS BIGINT) AS last_at,
  CAST(CASE WHEN loose_kind IS NOT NULL THEN all_records WHEN crossing_port IS NOT NULL THEN all_records - served_records
    WHEN cell_hour IS NOT NULL THEN accepted_records WHEN row_time IS NOT NULL THEN all_records - against_records ELSE 0 END AS BIGINT) AS records,
  CAST(CASE WHEN loose_kind IS NOT NULL THEN all_bytes WHEN crossing_port IS NOT NULL THEN all_bytes - served_bytes
    WHEN cell_hour IS NOT NULL THEN accepted_bytes WHEN row_time IS NOT NULL THEN all_bytes - against_bytes ELSE 0 END AS BIGINT) AS bytes,
  CAST(CASE WHEN crossing_port IS NOT NULL THEN served_records WHEN cell_hour IS NOT NULL THEN rejected_records
    WHEN row_time IS NOT NULL THEN against_records ELSE 0 END AS BIGINT) AS other_records,
  CAST(CASE WHEN crossing_port IS NOT NULL THEN served_bytes WHEN cell_hour IS NOT NULL THEN rejected_bytes
    WHEN row_time IS NOT NULL THEN against_bytes ELSE 0 END AS BIGINT) AS other_bytes,
  CAST(CASE WHEN crossing_port IS NULL AND cell_hour IS NOT NULL THEN nodata ELSE 0 END AS BIGINT) AS nodata,
  CAST(CASE WHEN crossing_port IS NULL AND cell_hour IS NOT NULL THEN skipdata ELSE 0 END AS BIGINT) AS skipdata,
  CAST(CASE WHEN crossing_port IS NULL AND cell_hour IS NOT NULL THEN has_pkt ELSE 0 END AS BIGINT) AS has_pkt
FROM grouped
WHERE loose_kind <> '-' OR (crossing_port IS NULL AND cell_hour >= 0) OR facts_of <> '?' OR word_owner <> '?' OR row_time >= 0
  OR (crossing_port >= 0 AND cell_hour >= 0)
UNION ALL
SELECT 'window', '-', '-', @FORM, '-', '-', '-', '-', '-', '-', '-', '-', '-', @KEPT, '-', '-', '-', '-', '-', @GRAIN, @INVENTORY,
  @WINDOW_START, @WINDOW_END, 0, 0, 0, 0, 0, 0, 0
