#include "common/security/credentials.h"

#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include "common/io/files.h"
#include "common/io/posix_disk.h"

namespace fsdfs {
namespace {

constexpr std::string_view kNodePrefix = "node:";
constexpr size_t kKeyFileBytesMax = 16 << 10;

// None when there is no such file.
Result<std::optional<std::string>> load_key(const std::string& path) {
  Result<HostFile> file = read_host_file(path, kKeyFileBytesMax);
  if (file.status().code() == Code::kNotFound) return std::optional<std::string>();
  FSDFS_TRY(file.status());
  if ((file->mode & 077) != 0 && ::chmod(path.c_str(), 0600) != 0) {
    return status_from_errno(errno, "others can read the private key; chmod 600 " + path);
  }
  if (auto key = SigningKey::from_pem(file->bytes); !key.ok()) {
    return key.status().with_context(path + " (restore it from a backup; without it this node is a new one)");
  }
  return std::optional(std::move(file->bytes));
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
  PosixDisk disk;
  FSDFS_TRY(write_file_atomically(disk, path, pem, 0600));
  return pem;
}

}  // namespace fsdfs
