#include "common/rpc/tls.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace fsdfs::tls {
namespace {

namespace tls_api = grpc::experimental;

class PeerVerifier final : public tls_api::ExternalCertificateVerifier {
 public:
  PeerVerifier(TrustAnchor anchor, std::shared_ptr<const Clock> clock, Observer observer)
      : anchor_(std::move(anchor)), clock_(std::move(clock)), observer_(std::move(observer)) {}

  bool Verify(tls_api::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    grpc::string_ref pem = request->peer_cert();
    Status verdict = anchor_.check({pem.data(), pem.size()}, clock_->wall()).status();
    if (observer_) observer_(verdict);
    *sync_status =
        verdict.ok() ? grpc::Status::OK : grpc::Status(grpc::StatusCode::UNAUTHENTICATED, verdict.message());
    return true;  // decided here and now
  }

  void Cancel(tls_api::TlsCustomVerificationCheckRequest*) override {}

 private:
  const TrustAnchor anchor_;
  const std::shared_ptr<const Clock> clock_;
  const Observer observer_;
};

void configure(tls_api::TlsCredentialsOptions& options, const Identity& identity, Observer observer) {
  options.set_certificate_provider(identity.provider);
  options.watch_identity_key_cert_pairs();
  options.set_certificate_verifier(tls_api::ExternalCertificateVerifier::Create<PeerVerifier>(
      identity.anchor, identity.clock, std::move(observer)));
  options.set_check_call_host(false);
}

}  // namespace

Result<Identity> make_identity(const Credentials& credentials, std::shared_ptr<const Clock> clock) {
  FSDFS_ASSIGN(TrustAnchor anchor, TrustAnchor::from_pem(credentials.authority_pem));
  FSDFS_ASSIGN(SigningKey key, SigningKey::from_pem(credentials.private_key_pem));
  FSDFS_ASSIGN(CertificateInfo own, anchor.check(credentials.certificate_pem, clock->wall()));
  if (own.fingerprint != key.public_key().fingerprint()) {
    return invalid_argument("the certificate of '" + own.common_name + "' belongs to another private key");
  }
  // The roots are for no check, but without any gRPC would load the system's (20 ms), and fail where there
  // are none.
  auto provider = std::make_shared<tls_api::StaticDataCertificateProvider>(
      credentials.certificate_pem,
      std::vector<tls_api::IdentityKeyCertPair>{{credentials.private_key_pem, credentials.certificate_pem}});
  return Identity{std::move(anchor), std::move(provider), std::move(clock)};
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const Identity& identity, Observer observer) {
  tls_api::TlsServerCredentialsOptions options(identity.provider);
  configure(options, identity, std::move(observer));
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  return tls_api::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const Identity& identity, Observer observer) {
  tls_api::TlsChannelCredentialsOptions options;
  configure(options, identity, std::move(observer));
  options.set_verify_server_certs(false);
  options.watch_root_certs();
  return tls_api::TlsCredentials(options);
}

}  // namespace fsdfs::tls
