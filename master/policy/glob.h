// Glob: a pattern for paths of the swarm, as rules use it. A value; matching allocates nothing and takes time
// in proportion to pattern times path at most.
//
//   *       any characters of one name         ?       one character (a whole one, of UTF-8)
//   [a-c]   one of these, [!a-c] none of them  \       takes the next character as it is
//   /a/**   everything below /a                /**/b   b in any directory, also in the root
//
// A pattern with a '/' begins with one and is held against the whole path; one without ("*.mp3") is held
// against the last name alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace fsdfs::master {

class Glob {
 public:
  // kInvalidArgument says what is wrong with the pattern and how to write it.
  static Result<Glob> parse(std::string_view pattern);

  bool matches(std::string_view path) const;  // normalized: "/a/b"
  const std::string& text() const { return text_; }
  // The deepest directory that everything that matches lies in: "/a" of "/a/*.mp3".
  const std::string& directory() const { return directory_; }

  friend bool operator==(const Glob& a, const Glob& b) { return a.text_ == b.text_; }

 private:
  std::string text_;
  std::vector<std::string> parts_;  // between the slashes; "**" is any number of names
  bool last_name_only_ = false;
  std::string directory_ = "/";
};

}  // namespace fsdfs::master
