// fsdfs-policy: runs the Python hook of a swarm's policy for its master (master/policy/hook_process.h), which
// starts it, speaks through its stdin, and kills it when it takes too long. What the hook prints is dropped.
//
//   fsdfs-policy BYTES      BYTES: how much address space it may have; 0: no limit
#include <fcntl.h>
#include <poll.h>
#include <pybind11/embed.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "master/policy/hook_wire.h"

namespace fsdfs {
namespace {

namespace py = pybind11;
using master::HookAnswer;
using master::HookFile;
using master::HookKind;

constexpr char kPrelude[] = R"python(
class File:
    __slots__ = ("path", "size", "age", "vars", "target", "copies")

    def __init__(self, path, size, age, vars, target, copies):
        self.path = path
        self.size = size
        self.age = age
        self.vars = vars
        self.target = target
        self.copies = copies

    def __repr__(self):
        return f"File({self.path!r})"
)python";

constexpr char kHookFile[] = "hook.py";  // what tracebacks call the text

[[noreturn]] void die(const std::string& why) {
  std::cerr << "fsdfs-policy: " << why << "\n";
  std::_Exit(1);
}

void write_whole(int fd, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    ssize_t count = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) std::_Exit(0);
    done += static_cast<size_t>(count);
  }
}

// Ends the process when the master is gone.
void read_whole(int fd, char* into, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = ::read(fd, into + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) std::_Exit(0);
    done += static_cast<size_t>(count);
  }
}

std::string read_message(int fd) {
  uint32_t size = 0;
  read_whole(fd, reinterpret_cast<char*>(&size), sizeof size);
  if (size > master::kHookMessageBytesMax) die("a message is too long");
  std::string bytes(size, '\0');
  read_whole(fd, bytes.data(), size);
  return bytes;
}

// The master's pipe moves out of the way, so that what the hook prints or reads goes nowhere.
int take_pipe() {
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  int pipe = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (pipe < 0 || nowhere < 0) die("stdin is no pipe of a master");
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(nowhere, fd) < 0) std::_Exit(1);
  }
  return pipe;
}

// A hook in an endless loop sees no end of its input: this thread does.
void end_with_master(int pipe) {
  std::thread([pipe] {
    for (;;) {
      pollfd watched{pipe, POLLRDHUP, 0};
      if (::poll(&watched, 1, -1) > 0) std::_Exit(0);
    }
  }).detach();
}

void limit_resources(const char* bytes) {
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
// A sanitizer's shadow is larger than any limit.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  rlim_t memory = std::strtoull(bytes, nullptr, 10);
  rlimit space{memory, memory};
  if (memory > 0) ::setrlimit(RLIMIT_AS, &space);
#else
  (void)bytes;
#endif
}

// "ValueError: no such thing (line 3)": the last line of the text itself that the error came through.
std::string describe(py::error_already_set& error) {
  std::string type = py::str(error.type().attr("__name__"));
  std::string text = error.value() ? std::string(py::str(error.value())) : "";
  int line = 0;
  if (error.matches(PyExc_SyntaxError)) {
    py::object at = error.value().attr("lineno");
    if (!at.is_none()) line = at.cast<int>();
    text = py::str(error.value().attr("msg"));
  } else if (error.trace()) {
    for (py::object at = error.trace(); !at.is_none(); at = at.attr("tb_next")) {
      std::string file = py::str(at.attr("tb_frame").attr("f_code").attr("co_filename"));
      if (file == kHookFile) line = at.attr("tb_lineno").cast<int>();
    }
  }
  std::string shown = text.empty() ? type : type + ": " + text;
  return line == 0 ? shown : shown + " (line " + std::to_string(line) + ")";
}

// Where memory is short, words are as well.
std::string explain(py::error_already_set& error) {
  try {
    return describe(error);
  } catch (const std::exception&) {
    return "an error that it has no memory to tell";
  }
}

class Interpreter {
 public:
  Interpreter() { py::exec(kPrelude, prelude_); }

  std::string load(const std::string& text) {
    try {
      py::object compiled =
          py::module_::import("builtins").attr("compile")(py::bytes(text), kHookFile, "exec");
      names_["__builtins__"] = py::module_::import("builtins");
      names_["__name__"] = "hook";
      PyObject* done = PyEval_EvalCode(compiled.ptr(), names_.ptr(), names_.ptr());
      if (done == nullptr) throw py::error_already_set();
      Py_DECREF(done);
      py::object found = names_.contains("replicas") ? py::object(names_["replicas"]) : py::none();
      if (PyCallable_Check(found.ptr()) == 0) {
        return "there is no function in it: write 'def replicas(file):', which returns a number or None";
      }
      replicas_ = std::move(found);
      return {};
    } catch (py::error_already_set& error) {
      return explain(error);
    }
  }

  HookAnswer evaluate(const HookFile& file) {
    try {
      py::dict vars;
      for (const auto& [name, value] : file.vars) vars[py::str(name)] = value;
      py::object path = py::reinterpret_steal<py::object>(
          PyUnicode_DecodeFSDefaultAndSize(file.path.data(), static_cast<Py_ssize_t>(file.path.size())));
      if (!path) throw py::error_already_set();
      return answer(replicas_(prelude_["File"](path, file.size, file.age, vars, file.target, file.copies)));
    } catch (py::error_already_set& error) {
      return {std::nullopt, "raised " + explain(error)};
    } catch (const std::exception& error) {
      return {std::nullopt, std::string("failed: ") + error.what()};
    }
  }

 private:
  static HookAnswer answer(const py::object& returned) {
    if (returned.is_none()) return {};
    bool number =
        PyFloat_Check(returned.ptr()) || (PyLong_Check(returned.ptr()) && !PyBool_Check(returned.ptr()));
    if (!number) {
      return {std::nullopt, "returned a " + std::string(py::str(py::type::of(returned).attr("__name__"))) +
                                ", not a number"};
    }
    double value = PyFloat_AsDouble(returned.ptr());
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    return {value, {}};
  }

  py::dict prelude_;
  py::dict names_;
  py::object replicas_;
};

void serve(int pipe) {
  Interpreter interpreter;
  for (;;) {
    std::string message = read_message(pipe);
    auto kind = master::decode_kind(message);
    if (!kind.ok()) std::_Exit(1);
    if (*kind == HookKind::kLoad) {
      auto text = master::decode_load(message);
      if (!text.ok()) std::_Exit(1);
      write_whole(pipe, master::encode_answer({std::nullopt, interpreter.load(*text)}));
      continue;
    }
    auto files = master::decode_evaluate(message);
    if (!files.ok()) std::_Exit(1);
    for (const HookFile& file : *files) write_whole(pipe, master::encode_answer(interpreter.evaluate(file)));
  }
}

int run(int argc, char** argv) {
  if (argc != 2) die("it is started by fsdfsd, and of no use alone");
  int pipe = take_pipe();
  limit_resources(argv[1]);
  end_with_master(pipe);
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.write_bytecode = 0;
  py::scoped_interpreter python(&config);
  serve(pipe);
  return 0;
}

}  // namespace
}  // namespace fsdfs

int main(int argc, char** argv) {
  return fsdfs::run(argc, argv);
}
