// What one HTTP/2 connection may cost us, with the attacks that each limit meets.
//
// Not here: who holds them in force (http2_connection.h, http2_flood.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace tokometer::wire::http2 {

struct Limits {
  std::uint32_t max_streams = 256;  // of the peer, open at once (SETTINGS_MAX_CONCURRENT_STREAMS)
  std::uint32_t stream_window = std::uint32_t{256} * 1024;     // a stream's content that waits for its consumer
  std::uint32_t connection_window = std::uint32_t{16} << 20U;  // the same of all streams
  // A head, counted as RFC 9113, 6.5.2 does; one that is larger is told as too large, and with ten times as much the
  // connection ends: that is a bomb (CVE-2016-6581).
  std::size_t head_bytes = std::size_t{64} * 1024;
  std::size_t fields = 500;
  // CONTINUATION frames after one HEADERS (CVE-2024-27316, CVE-2024-28182).
  std::size_t continuations = 8;
  // Frames of ours, content apart, that wait because the peer does not read (CVE-2019-9512, -9514, -9515).
  std::size_t queued_frames = 2'000;
  // Frames that ask for work and carry nothing: PING, SETTINGS, PRIORITY, DATA without content
  // (CVE-2019-9512, -9513, -9515, -9518): so many at once, and so many a second from then on.
  std::uint32_t idle_frames = 1'000;
  std::uint32_t idle_frames_a_second = 100;
  // Streams that the peer breaks off, or makes us break off, before they are answered (CVE-2023-44487,
  // CVE-2025-8671).
  std::uint32_t resets = 600;
  std::uint32_t resets_a_second = 50;
  // WINDOW_UPDATE frames beyond two for each of our DATA frames (CVE-2019-9511, -9517).
  std::uint32_t window_updates = 10'000;
  std::uint32_t window_updates_a_second = 1'000;
};

}  // namespace tokometer::wire::http2
