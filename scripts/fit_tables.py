"""What scripts/fit_targets tells: the tables of docs/npu_targets.md, the bars, and the numbers the C++ tests are held against."""
import json
import statistics

from targets_file import figure_in

MAIN = [("ax620", 111), ("ax620q", 0), ("ax630c", 0), ("ax650n", 1), ("ax650n", 3), ("qcs6490", 0)]
OWN_NETWORKS = ("mobilenet_v2", "squeezenet1_1", "face_det_lite")
GOLDEN_NETWORKS = ("mobilenet_v2", "squeezenet1_1", "face_det_lite", "yolov8n", "densenet121", "yolo11s", "shufflenet_v2_x0_5", "yolov6s")
BEGIN, END = "<!-- written by scripts/fit_targets: begin -->", "<!-- written by scripts/fit_targets: end -->"


def left_out_error(row):
    return 100 * (row["left_out_ms"] / row["ms"] - 1)


def is_fitted(row):
    return not row["not_fitted"]


def percentile(values, share):
    """Linear between neighbours, as numpy's."""
    values = sorted(values)
    at = share * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def spread(errors):
    return f"{statistics.median(errors):.1f} | {percentile(errors, 0.9):.1f} | {max(errors):.1f}"


def summary(points):
    out = ["| profile, mode | points | median | p90 | max | left out: median | p90 | max |", "|---|---|---|---|---|---|---|---|"]
    for (target, mode), rows in points.items():
        used = [r for r in rows if is_fitted(r)]
        if used:
            out.append(f"| `{target}` {mode} | {len(used)} | {spread([abs(r['error_pct']) for r in used])} | "
                       f"{spread([abs(left_out_error(r)) for r in used])} |")
    used = [r for key in MAIN for r in points[key] if is_fitted(r)]
    out.append(f"| the six main ones | {len(used)} | {spread([abs(r['error_pct']) for r in used])} | "
               f"{spread([abs(left_out_error(r)) for r in used])} |")
    return out


def figures(profiles):
    out = ["| profile, mode | MACs a cycle | MHz | efficiency | gi, go | scratch KiB | DMA GB/s | overhead us, a | depthwise GMAC/s | vector GB/s |",
           "|---|---|---|---|---|---|---|---|---|---|"]
    for name, profile in profiles.items():
        for mode in profile["modes"]:
            def value(figure):
                return f"{figure_in(profile, mode['id'], figure):.6g}"
            out.append(f"| `{name}` {mode['id']} | {value('macs_per_cycle.int8')} | {value('clock_mhz')} | {value('mac_efficiency')} | "
                       f"{value('granule.channels_in')}, {value('granule.channels_out')} | "
                       f"{figure_in(profile, mode['id'], 'scratch.bytes') // 1024} | {value('dma.gb_per_s')} | "
                       f"{value('overhead.layer_us')}, {profile['overhead']['counted']} | {value('depthwise_gmac_per_s')} | "
                       f"{value('vector_gb_per_s')} |")
    return out


def latencies(points):
    out = ["| profile, mode | network | published ms | estimated ms | error % | left out % | remark |", "|---|---|---|---|---|---|---|"]
    for (target, mode), rows in points.items():
        for r in rows:
            left = f"{left_out_error(r):+.1f}" if "left_out_ms" in r else ""
            out.append(f"| `{target}` {mode} | {r['network']} | {r['ms']:g} | {r['estimated_ms']:.3f} | {r['error_pct']:+.1f} | {left} | "
                       f"{r['not_fitted']} |")
    return out


def tables(profiles, points):
    sources = sorted({r["source"] for rows in points.values() for r in rows})
    return "\n".join(["", "### How well they meet published latencies (errors in %)", "", *summary(points), "",
                      "### The figures", "", *figures(profiles), "",
                      "### Every published latency", "", *latencies(points), "",
                      "Sources: " + "; ".join(sources) + ".", ""])


def with_tables(page, made):
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def golden(profiles, networks, estimate):
    """Estimates of some networks in every mode of every profile, to more digits than the test compares."""
    rows = [{"target": name, "mode": mode["id"], "network": network, "ms": float(f"{estimate(profile, mode['id'], network):.12g}")}
            for name, profile in profiles.items() for mode in profile["modes"] for network in GOLDEN_NETWORKS if network in networks]
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def check_bars(points):
    """Prints each bar with what is reached; gives whether one is missed."""
    used = [r for key in MAIN for r in points[key] if is_fitted(r)]
    errors = [abs(r["error_pct"]) for r in used]
    own = [r for r in used if r["network"].startswith(OWN_NETWORKS)]
    bars = [("median error", statistics.median(errors), 10), ("90 % of the points within", percentile(errors, 0.9), 25),
            ("largest error", max(errors), 40), ("left-out median", statistics.median(abs(left_out_error(r)) for r in used), 15),
            (f"largest error of {', '.join(OWN_NETWORKS)}", max(abs(r["error_pct"]) for r in own), 25)]
    for what, value, bar in bars:
        print(f"{'ok  ' if value <= bar else 'MISS'} {what}: {value:.1f} % (bar {bar} %), {len(used)} points")
    return any(value > bar for _, value, bar in bars)
