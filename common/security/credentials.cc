#include "common/security/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>

namespace fsdfs {
namespace {

constexpr std::string_view kNodePrefix = "node:";
constexpr size_t kKeyFileBytesMax = 16 << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status errno_status(std::string_view verb, const std::string& path) {
  return status_from_errno(errno, std::string(verb) + " " + path);
}

Status write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_status("write", path);
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(fd) != 0) return errno_status("fsync", path);
  return {};
}

Result<std::string> read_all(int fd, const std::string& path) {
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() <= kKeyFileBytesMax) {
    ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status("read", path);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  return invalid_argument(path + ": too large for a private key");
}

// None when there is no such file.
Result<std::optional<std::string>> load_key(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) return std::optional<std::string>();
  if (file.get() < 0) return errno_status("open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return errno_status("stat", path);
  if ((info.st_mode & 077) != 0 && ::fchmod(file.get(), 0600) != 0) {
    return errno_status("the private key may be read by others; chmod 600", path);
  }
  FSDFS_ASSIGN(std::string pem, read_all(file.get(), path));
  if (auto key = SigningKey::from_pem(pem); !key.ok()) {
    return key.status().with_context(path + " (restore it from a backup; without it this node is a new one)");
  }
  return std::optional(std::move(pem));
}

Status sync_directory(const std::filesystem::path& path) {
  std::string directory = path.has_parent_path() ? path.parent_path().string() : ".";
  Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return errno_status("open", directory);
  if (::fsync(fd.get()) != 0) return errno_status("fsync", directory);
  return {};
}

Status store_key(const std::string& path, std::string_view pem) {
  std::string staged = path + ".new";
  if (::unlink(staged.c_str()) != 0 && errno != ENOENT) return errno_status("remove", staged);
  Descriptor file(::open(staged.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return errno_status("create", staged);
  FSDFS_TRY(write_all(file.get(), pem, staged));
  if (::rename(staged.c_str(), path.c_str()) != 0) return errno_status("rename to", path);
  return sync_directory(path);
}

}  // namespace

std::string node_name(const NodeId& node) {
  return std::string(kNodePrefix) + to_string(node);
}

Result<NodeId> node_from_name(std::string_view common_name) {
  if (!common_name.starts_with(kNodePrefix)) {
    return invalid_argument("'" + std::string(common_name) + "' is not the name of a node's certificate");
  }
  return parse_id<NodeId>(common_name.substr(kNodePrefix.size()));
}

Result<Credentials> mint_credentials(const Authority& authority, std::string common_name, WallTime now,
                                     std::string_view private_key_pem) {
  return mint_credentials(authority,
                          {.common_name = std::move(common_name),
                           .claims = {},
                           .not_before = now - kCertificateBackdate,
                           .not_after = now + kCertificateValidity},
                          private_key_pem);
}

Result<Credentials> mint_credentials(const Authority& authority, const CertificateRequest& request,
                                     std::string_view private_key_pem) {
  FSDFS_ASSIGN(SigningKey key,
               private_key_pem.empty() ? SigningKey::generate() : SigningKey::from_pem(private_key_pem));
  Credentials credentials;
  credentials.authority_pem = authority.anchor().pem();
  FSDFS_ASSIGN(credentials.certificate_pem, authority.certify(key.public_key(), request));
  FSDFS_ASSIGN(credentials.private_key_pem, key.pem());
  return credentials;
}

Result<std::string> load_or_create_private_key(const std::string& path) {
  FSDFS_ASSIGN(std::optional<std::string> kept, load_key(path));
  if (kept) return std::move(*kept);
  FSDFS_ASSIGN(SigningKey key, SigningKey::generate());
  FSDFS_ASSIGN(std::string pem, key.pem());
  FSDFS_TRY(store_key(path, pem));
  return pem;
}

}  // namespace fsdfs
