// LoadSampler: the load figures of a report (proto Load), as rates since the sample before. A sample is kept
// for kSampleMin, so that reports in quick succession do not say noise. For one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "node/store/store.h"
#include "node/transfer/meter.h"

namespace fsdfs::node {

struct LoadFigures {
  double cpu = 0;            // 0..1 of all cores of the machine
  double net_in = 0;         // bytes per second
  double net_out = 0;        // bytes per second
  double disk_ms = 0;        // mean latency of the data disk
  uint32_t copies = 0;       // being pulled now
  uint32_t readers = 0;      // streams open now
  double foreground_ms = 0;  // p95
};

// Ticks since the machine's start, from the first line of /proc/stat.
struct CpuTicks {
  uint64_t busy = 0;
  uint64_t total = 0;
};
std::optional<CpuTicks> parse_cpu_ticks(std::string_view stat);  // nullopt: not such a text

class LoadSampler {
 public:
  static constexpr Duration kSampleMin = std::chrono::seconds(1);

  LoadSampler(TransferMeter& meter, const Clock& clock, std::string stat_path = "/proc/stat")
      : meter_(meter),
        clock_(clock),
        stat_path_(std::move(stat_path)),
        taken_at_(clock.now()),
        cpu_(read_ticks()) {}

  LoadFigures sample(const DiskMeter::Figures& disk);

 private:
  std::optional<CpuTicks> read_ticks() const;

  TransferMeter& meter_;
  const Clock& clock_;
  const std::string stat_path_;
  LoadFigures last_;
  bool sampled_ = false;
  MonotonicTime taken_at_;
  std::optional<CpuTicks> cpu_;
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
  DiskMeter::Figures disk_;
};

}  // namespace fsdfs::node
