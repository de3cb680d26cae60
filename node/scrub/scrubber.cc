#include "node/scrub/scrubber.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/io/files.h"
#include "common/units.h"

namespace fsdfs::node {
namespace {

constexpr uint64_t kStateBytesMax = 4096;

}  // namespace

Scrubber::Scrubber(ReplicaStore& store, Disk& disk, std::string path, VerifiedLog& verified,
                   const Clock& clock, Logger& logger, const ScrubSettings& settings, Foreground foreground)
    : store_(store),
      disk_(disk),
      path_(std::move(path)),
      verified_(verified),
      clock_(clock),
      logger_(logger),
      settings_(settings),
      foreground_(std::move(foreground)) {
  load();
}

// The wall clock may have been set meanwhile: what it says of the last pass is believed within a period.
void Scrubber::load() {
  MonotonicTime now = clock_.now();
  paid_until_ = saved_at_ = now;
  fresh_due_ = now + kFreshInterval;
  auto text = read_whole_file(disk_, path_, kStateBytesMax);
  auto state = text.ok() ? decode_scrub_state(*text) : Result<ScrubState>(text.status());
  if (!state.ok()) {
    if (text.status().code() != Code::kNotFound) {
      logger_.warning("{}: {}; the scrubber starts over", path_, state.status().message());
    }
    figures_.state.started = clock_.wall();  // the first period begins
    set_due(now);
    return save();
  }
  figures_.state = *state;
  requested_ = std::max(state->request, state->answered);
  Duration age = std::clamp(clock_.wall() - state->started, Duration::zero(), settings_.period);
  pass_begun_ = now - age;
  set_due(pass_begun_);
  if (state->running) walk_ = Walk{.page = {}, .after = state->after};
}

void Scrubber::set_due(MonotonicTime begun) {
  due_ = settings_.period == Duration::zero() ? MonotonicTime::max() : begun + settings_.period;
}

void Scrubber::request_pass(uint64_t request) {
  std::lock_guard lock(mutex_);
  requested_ = std::max(requested_, request);
}

ScrubFigures Scrubber::figures() const {
  std::lock_guard lock(mutex_);
  return figures_;
}

void Scrubber::save() {
  saved_at_ = clock_.now();
  Status saved = write_file_atomically(disk_, path_, encode_scrub_state(figures().state), kReplicaMode);
  if (!saved.ok()) logger_.warning("the scrubber's position is not kept: {}", saved.message());
}

Duration Scrubber::step() {
  uint64_t request = 0;
  {
    std::lock_guard lock(mutex_);
    const ScrubState& state = figures_.state;
    if (requested_ > std::max(state.request, state.answered)) request = requested_;
  }
  if (request != 0) begin_pass(request);
  if (!walk_) {
    if (Duration rest = begin_what_is_due(); !walk_) return rest;
  }
  Duration rest = advance();
  if (walk_ && !walk_->fresh && clock_.now() - saved_at_ >= kSaveInterval) save();
  return rest;
}

void Scrubber::begin_pass(uint64_t request) {
  auto figures = store_.figures();
  open_.reset();
  walk_.emplace();
  pass_begun_ = paid_until_ = clock_.now();
  change([&](ScrubState& state) {
    state.running = true;
    state.started = clock_.wall();
    state.after.reset();
    state.bytes = state.replicas = state.bad = 0;
    state.total = figures.ok() ? figures->held : 0;
    state.request = request;
  });
  save();
}

Duration Scrubber::begin_what_is_due() {
  MonotonicTime now = clock_.now();
  if (now >= due_) {
    begin_pass(0);
  } else if (now >= fresh_due_) {
    walk_.emplace();
    walk_->fresh = true;
    paid_until_ = now;
  }
  return std::min(kIdle, std::min(due_, fresh_due_) - now);
}

Duration Scrubber::advance() {
  if (open_) return check_some();
  auto more = turn_page();
  if (!more.ok()) {
    logger_.error("the scrubber cannot read what is held: {}", more.status().message());
    return kRetry;
  }
  if (*more) return open_next();
  finish_walk();
  return Duration::zero();
}

// False: there is nothing more.
Result<bool> Scrubber::turn_page() {
  if (walk_->next < walk_->page.size()) return true;
  FSDFS_ASSIGN(walk_->page,
               walk_->fresh ? store_.page_unhashed(walk_->after, kPage) : store_.page(walk_->after, kPage));
  walk_->next = 0;
  return !walk_->page.empty();
}

Duration Scrubber::open_next() {
  const HeldReplica held = walk_->page[walk_->next++];
  walk_->after = held.replica;
  if (!walk_->fresh) change([&](ScrubState& state) { state.after = held.replica; });
  // Those that have gone, or were found bad, since the page was read, come to nothing here.
  if (held.state == HeldState::kQuarantined) return Duration::zero();
  auto open = store_.open_fresh(held.replica);
  if (!open.ok()) {
    if (open.status().code() == Code::kDataLoss) {
      found_bad();
    } else if (open.status().code() != Code::kNotFound) {
      logger_.warning("the scrubber passes over {}: {}", held.replica.to_string(), open.status().message());
    }
    return rest_after(kReplicaCost);
  }
  open_.emplace();
  open_->replica = std::move(*open);
  if (open_->replica->size() == 0) verified();
  return rest_after(kReplicaCost);
}

Duration Scrubber::check_some() {
  const OpenReplica& replica = *open_->replica;
  auto length = static_cast<size_t>(std::min<uint64_t>(kChunkBytes, replica.size() - open_->offset));
  buffer_.resize(length);
  Status status = store_.read_fresh(replica, open_->offset, buffer_);
  if (!status.ok()) {
    if (status.code() == Code::kDataLoss) {
      found_bad();
    } else {
      logger_.warning("the scrubber passes over {}: {}", replica.id().to_string(), status.message());
    }
    open_.reset();
    return rest_after(length);
  }
  open_->sha256.update(buffer_);
  open_->offset += length;
  if (!walk_->fresh) change([&](ScrubState& state) { state.bytes += length; });
  if (open_->offset == replica.size()) verified();
  return rest_after(length);
}

void Scrubber::verified() {
  const ReplicaId id = open_->replica->id();
  WallTime at = clock_.wall();
  Status noted = store_.note_verified(*open_->replica, open_->sha256.finish(), at);
  if (!noted.ok()) logger_.warning("that {} is right is not noted: {}", id.to_string(), noted.message());
  open_.reset();
  ++walk_->hashed;
  if (walk_->fresh) return;
  change([](ScrubState& state) { ++state.replicas; });
  verified_.add({id, at});
}

void Scrubber::found_bad() {
  change([](ScrubState& state) { ++state.bad; });
}

void Scrubber::finish_walk() {
  bool fresh = walk_->fresh;
  uint64_t hashed = walk_->hashed;
  walk_.reset();
  fresh_due_ = clock_.now() + kFreshInterval;
  if (!fresh) {
    finish_pass();
  } else if (hashed != 0) {
    write_list();
  }
}

void Scrubber::finish_pass() {
  write_list();
  set_due(pass_begun_);
  Duration took = clock_.now() - pass_begun_;
  {
    std::lock_guard lock(mutex_);
    ScrubState& state = figures_.state;
    state.running = false;
    state.after.reset();
    state.total = state.bytes;
    state.finished = clock_.wall();
    ++state.passes;
    state.answered = std::max(state.answered, state.request);
    state.request = 0;
    figures_.answered_at_change = store_.changes().last_sequence();
  }
  save();
  ScrubState done = figures().state;
  logger_.log(done.bad == 0 ? LogLevel::kInfo : LogLevel::kError, "scrubbed {} replicas, {}, in {}: {} bad",
              done.replicas, format_size(done.bytes), format_duration(took), done.bad);
  if (settings_.period != Duration::zero() && took > settings_.period) {
    logger_.warning("scrubbing took longer than scrub.period = {}: raise scrub.rate or the period",
                    format_duration(settings_.period));
  }
}

void Scrubber::write_list() {
  Status written = store_.write_sha256_list();
  if (!written.ok()) logger_.warning("the list of SHA-256 sums is not written: {}", written.message());
}

Duration Scrubber::rest_after(uint64_t bytes) {
  MonotonicTime now = clock_.now();
  if (settings_.rate != 0) {
    auto cost =
        std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(settings_.rate));
    paid_until_ = std::max(paid_until_, now) + std::chrono::duration_cast<Duration>(cost);
  }
  Duration rest = settings_.rate == 0 ? Duration::zero() : paid_until_ - now;
  return foreground_() > kSlow ? std::max(rest, kCreep) : rest;
}

}  // namespace fsdfs::node
