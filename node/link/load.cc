#include "node/link/load.h"

#include <fstream>
#include <sstream>

namespace fsdfs::node {

// proc(5): cpu user nice system idle iowait irq softirq steal guest guest_nice; guest is part of user.
std::optional<CpuTicks> parse_cpu_ticks(std::string_view stat) {
  std::istringstream line{std::string(stat.substr(0, stat.find('\n')))};
  std::string word;
  if (!(line >> word) || word != "cpu") return std::nullopt;
  CpuTicks ticks;
  uint64_t value = 0;
  constexpr int kIdle = 3;
  constexpr int kIoWait = 4;
  constexpr int kSteal = 7;
  int column = 0;
  for (; column <= kSteal && line >> value; ++column) {
    ticks.total += value;
    if (column != kIdle && column != kIoWait) ticks.busy += value;
  }
  if (column <= kIdle) return std::nullopt;
  return ticks;
}

std::optional<CpuTicks> LoadSampler::read_ticks() const {
  std::ifstream file(stat_path_);
  std::string line;
  std::getline(file, line);
  return parse_cpu_ticks(line);
}

LoadFigures LoadSampler::sample(const DiskMeter::Figures& disk) {
  last_.copies = meter_.copies().load();
  last_.readers = meter_.readers().load();
  Duration since = clock_.now() - taken_at_;
  if (since <= Duration::zero() || (sampled_ && since < kSampleMin)) return last_;
  sampled_ = true;
  taken_at_ += since;
  double seconds = std::chrono::duration<double>(since).count();
  if (auto now = read_ticks(); now && cpu_) {
    uint64_t total = now->total - cpu_->total;
    if (total > 0) last_.cpu = static_cast<double>(now->busy - cpu_->busy) / static_cast<double>(total);
    cpu_ = now;
  }
  uint64_t in = meter_.bytes_in();
  uint64_t out = meter_.bytes_out();
  last_.net_in = static_cast<double>(in - std::exchange(bytes_in_, in)) / seconds;
  last_.net_out = static_cast<double>(out - std::exchange(bytes_out_, out)) / seconds;
  uint64_t operations = disk.operations - disk_.operations;
  uint64_t nanoseconds = disk.nanoseconds - disk_.nanoseconds;
  last_.disk_ms =
      operations == 0 ? 0 : static_cast<double>(nanoseconds) / static_cast<double>(operations) / 1e6;
  disk_ = disk;
  last_.foreground_ms = meter_.take_foreground_ms();
  return last_;
}

}  // namespace fsdfs::node
