#include "master/policy/hook_wire.h"

#include <cstring>

namespace fsdfs::master {
namespace {

enum class AnswerKind : uint8_t { kNothing = 0, kNumber = 1, kError = 2 };

class Writer {
 public:
  Writer() : bytes_(kHookLengthBytes, '\0') {}

  template <typename T>
  Writer& number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Writer& text(std::string_view text) {
    number(static_cast<uint32_t>(text.size()));
    bytes_ += text;
    return *this;
  }
  std::string finish() {
    auto length = static_cast<uint32_t>(bytes_.size() - kHookLengthBytes);
    std::memcpy(bytes_.data(), &length, sizeof length);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T number() {
    T value{};
    if (bytes_.size() < sizeof value) {
      broken_ = true;
      return value;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    auto size = number<uint32_t>();
    if (broken_ || size > bytes_.size()) {
      broken_ = true;
      return {};
    }
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  bool broken() const { return broken_; }
  Status finish() const {
    if (!broken_ && bytes_.empty()) return {};
    return data_loss("a message between the master and fsdfs-policy is damaged: both must be of one build",
                     Reason::kNone);
  }

 private:
  std::string_view bytes_;
  bool broken_ = false;
};

HookFile read_file(Reader& reader) {
  HookFile file;
  file.path = reader.text();
  file.size = reader.number<uint64_t>();
  file.age = reader.number<double>();
  file.target = reader.number<double>();
  file.copies = reader.number<uint32_t>();
  for (auto left = reader.number<uint32_t>(); left > 0 && !reader.broken(); --left) {
    std::string name = reader.text();
    file.vars.emplace_back(std::move(name), reader.number<double>());
  }
  return file;
}

}  // namespace

std::string encode_load(std::string_view python) {
  return Writer().number(HookKind::kLoad).text(python).finish();
}

std::string encode_evaluate(const std::vector<HookFile>& files) {
  Writer writer;
  writer.number(HookKind::kEvaluate).number(static_cast<uint32_t>(files.size()));
  for (const HookFile& file : files) {
    writer.text(file.path).number(file.size).number(file.age).number(file.target).number(file.copies);
    writer.number(static_cast<uint32_t>(file.vars.size()));
    for (const auto& [name, value] : file.vars) writer.text(name).number(value);
  }
  return writer.finish();
}

std::string encode_answer(const HookAnswer& answer) {
  Writer writer;
  if (!answer.error.empty()) {
    writer.number(AnswerKind::kError).text(std::string_view(answer.error).substr(0, kHookErrorBytesMax));
  } else if (answer.number) {
    writer.number(AnswerKind::kNumber).number(*answer.number);
  } else {
    writer.number(AnswerKind::kNothing);
  }
  return writer.finish();
}

Result<HookKind> decode_kind(std::string_view bytes) {
  Reader reader(bytes);
  auto kind = reader.number<HookKind>();
  if (kind == HookKind::kLoad || kind == HookKind::kEvaluate) return kind;
  return data_loss("fsdfs-policy was asked something that it does not know", Reason::kNone);
}

Result<std::string> decode_load(std::string_view bytes) {
  Reader reader(bytes);
  reader.number<HookKind>();
  std::string python = reader.text();
  FSDFS_TRY(reader.finish());
  return python;
}

Result<std::vector<HookFile>> decode_evaluate(std::string_view bytes) {
  Reader reader(bytes);
  reader.number<HookKind>();
  std::vector<HookFile> files;
  for (auto left = reader.number<uint32_t>(); left > 0 && !reader.broken(); --left) {
    files.push_back(read_file(reader));
  }
  FSDFS_TRY(reader.finish());
  return files;
}

Result<HookAnswer> decode_answer(std::string_view bytes) {
  Reader reader(bytes);
  HookAnswer answer;
  switch (reader.number<AnswerKind>()) {
    case AnswerKind::kNothing:
      break;
    case AnswerKind::kNumber:
      answer.number = reader.number<double>();
      break;
    case AnswerKind::kError:
      answer.error = reader.text();
      if (answer.error.empty()) answer.error = "failed without a word";
      break;
  }
  FSDFS_TRY(reader.finish());
  return answer;
}

}  // namespace fsdfs::master
