#include "client/download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "client/local_file.h"
#include "client/reader.h"
#include "common/checksum.h"
#include "common/io/files.h"
#include "common/path.h"
#include "common/units.h"

namespace fsdfs::client {

namespace {

constexpr size_t kPieceBytes = kMiB;
constexpr int kVersionTries = 5;  // of content that changes under the download

Status stopped() {
  return {Code::kCancelled, "interrupted"};
}

// Reads a file piece by piece, from a multiple of the block size on, and sums what went by.
class Pieces {
 public:
  Pieces(SwarmClient& client, OpenFile file, const DownloadOptions& options)
      : reader_(client, std::move(file)), options_(options), buffer_(piece_size()) {}

  // Bytes that came from elsewhere, before the first piece.
  void skip(std::string_view bytes) {
    summer_.update(bytes);
    offset_ += bytes.size();
  }

  // The next bytes; empty at the end.
  Result<std::span<const std::byte>> next() {
    if (options_.cancelled && options_.cancelled()) return stopped();
    FSDFS_ASSIGN(size_t count, reader_.read(offset_, buffer_));
    auto piece = std::span<const std::byte>(buffer_).first(count);
    summer_.update({reinterpret_cast<const char*>(piece.data()), piece.size()});
    offset_ += count;
    if (options_.on_progress && count > 0) options_.on_progress(static_cast<int64_t>(count));
    return piece;
  }

  // After the last piece: whether all of it is what the version is.
  Status check() {
    if (attributes().digest == ContentDigest{}) return {};
    if (content_digest(summer_.finish(), offset_) == attributes().digest) return {};
    return data_loss("what arrived is not the content of " +
                     ReplicaId{attributes().inode, attributes().version}.to_string() +
                     ": its digest differs");
  }

  uint64_t offset() const { return offset_; }
  const Attributes& attributes() const { return reader_.attributes(); }

 private:
  size_t piece_size() const {
    return static_cast<size_t>(std::clamp<uint64_t>(reader_.attributes().size, 1, kPieceBytes));
  }

  FileReader reader_;
  const DownloadOptions& options_;
  std::vector<std::byte> buffer_;
  BlockSummer summer_;
  uint64_t offset_ = 0;
};

// The bytes on their way to a path.
class Part {
 public:
  Part(SwarmClient& client, OpenFile file, const std::string& target, const DownloadOptions& options)
      : path_(part_path(target, file.attributes)),
        target_(target),
        options_(options),
        pieces_(client, std::move(file), options) {}

  Result<DownloadResult> run() {
    fd_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd_.valid()) return local_fault(errno, "open " + path_);
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
      return Status(Code::kUnknown, "another download is writing " + path_);
    }
    if (Status status = fill(); !status.ok()) return leave(status);
    FSDFS_TRY(put_in_place());
    return DownloadResult{.attributes = pieces_.attributes(), .resumed_bytes = resumed_};
  }

 private:
  Status fill() {
    FSDFS_TRY(take_what_is_there());
    while (true) {
      uint64_t offset = pieces_.offset();
      FSDFS_ASSIGN(auto piece, pieces_.next());
      if (piece.empty()) break;
      FSDFS_TRY(write_all_at(fd_.get(), piece, offset, path_));
    }
    Status good = pieces_.check();
    if (!good.ok() && options_.on_progress) options_.on_progress(-static_cast<int64_t>(pieces_.offset()));
    return good;
  }

  // Goes on behind the whole blocks of an earlier download; the digest judges them at the end.
  Status take_what_is_there() {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return local_fault(errno, "stat " + path_);
    uint64_t size = std::min<uint64_t>(info.st_size, pieces_.attributes().size);
    std::string block(kPieceBytes, '\0');
    for (uint64_t left = size - size % kBlockSize; left > 0;) {
      size_t want = std::min<uint64_t>(left, block.size());
      ssize_t count = ::pread(fd_.get(), block.data(), want, static_cast<off_t>(pieces_.offset()));
      if (count <= 0 || static_cast<size_t>(count) != want)
        return local_fault(count < 0 ? errno : EIO, "read " + path_);
      pieces_.skip(std::string_view(block).substr(0, want));
      left -= want;
    }
    resumed_ = pieces_.offset();
    if (options_.on_progress && resumed_ > 0) options_.on_progress(static_cast<int64_t>(resumed_));
    return {};
  }

  // What has arrived is kept where that can save anything, and said.
  Status leave(const Status& status) {
    if (pieces_.offset() < kBlockSize || status.code() == Code::kDataLoss ||
        status.reason() == Reason::kStaleVersion) {
      ::unlink(path_.c_str());
      return status;
    }
    return {status.code(),
            status.message() + " (" + format_size(pieces_.offset()) + " are kept in " + display(path_) +
                " and taken up by the next get)",
            status.reason()};
  }

  Status put_in_place() {
    const Attributes& attributes = pieces_.attributes();
    if (::ftruncate(fd_.get(), static_cast<off_t>(attributes.size)) != 0)
      return local_fault(errno, "truncate " + path_);
    if (::fchmod(fd_.get(), attributes.mode & 0777) != 0) return local_fault(errno, "chmod " + path_);
    FileTime modified = attributes.modified;
    struct timespec times[2] = {{0, UTIME_OMIT}, {modified.seconds, static_cast<long>(modified.nanoseconds)}};
    if (::futimens(fd_.get(), times) != 0) return local_fault(errno, "set the time of " + path_);
    if (::rename(path_.c_str(), target_.c_str()) != 0)
      return local_fault(errno, "rename " + path_ + " to " + target_);
    return {};
  }

  const std::string path_;
  const std::string& target_;
  const DownloadOptions& options_;
  Pieces pieces_;
  UniqueFd fd_;
  uint64_t resumed_ = 0;
};

// Runs `once` with the file as it is now; again if its content changed under it, while `repeatable`.
template <typename Once, typename Repeatable>
Result<DownloadResult> with_current_version(SwarmClient& client, const Place& place, Once once,
                                            Repeatable repeatable) {
  for (int tries = 1;; ++tries) {
    FSDFS_ASSIGN(OpenFile file, client.open_for_read(place));
    if (file.attributes.is_directory()) return failed_precondition("is a directory", Reason::kIsDirectory);
    if (!file.attributes.is_regular()) return failed_precondition("not a regular file");
    Result<DownloadResult> result = once(std::move(file));
    bool changed = !result.ok() && (result.status().reason() == Reason::kStaleVersion ||
                                    result.status().reason() == Reason::kChecksum);
    if (!changed || tries == kVersionTries || !repeatable()) return result;
  }
}

}  // namespace

std::string part_path(const std::string& target, const Attributes& attributes) {
  size_t slash = target.rfind('/');
  std::string directory = slash == std::string::npos ? "" : target.substr(0, slash + 1);
  std::string name = slash == std::string::npos ? target : target.substr(slash + 1);
  std::string suffix = ".fsdfs-part-" + to_string(attributes.inode) + "-" + attributes.version.to_string();
  // Inode and version tell parts apart already; the name is for people.
  size_t room = kNameBytesMax - 1 - suffix.size();
  return directory + "." + name.substr(0, room) + suffix;
}

Result<DownloadResult> download_to_path(SwarmClient& client, const Place& place, const std::string& target,
                                        const DownloadOptions& options) {
  return with_current_version(
      client, place, [&](OpenFile file) { return Part(client, std::move(file), target, options).run(); },
      [] { return true; });
}

Result<DownloadResult> download_to_descriptor(SwarmClient& client, const Place& place, int descriptor,
                                              const DownloadOptions& options) {
  bool wrote = false;
  auto once = [&](OpenFile file) -> Result<DownloadResult> {
    Pieces pieces(client, std::move(file), options);
    while (true) {
      FSDFS_ASSIGN(auto piece, pieces.next());
      if (piece.empty()) break;
      wrote = true;
      FSDFS_TRY(write_all(descriptor, piece, "the output"));
    }
    FSDFS_TRY(pieces.check());
    return DownloadResult{.attributes = pieces.attributes()};
  };
  return with_current_version(client, place, once, [&] { return !wrote; });
}

}  // namespace fsdfs::client
