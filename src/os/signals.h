// A signal as a flag.  The handler does nothing but count; who wants to know asks.
#pragma once

namespace cairn {

// From construction on, `signal` is noted and does nothing else; system calls
// restart.  Several flags for one signal are independent of each other.  When the
// last of them goes, the disposition from before the first is restored, unless
// somebody else has installed a handler meanwhile: then that one stays.
class SignalFlag {
 public:
  explicit SignalFlag(int signal);  // one that can be caught
  SignalFlag(const SignalFlag&) = delete;
  SignalFlag& operator=(const SignalFlag&) = delete;
  ~SignalFlag();

  bool raised() const;  // since construction or the last clear()
  void clear();

 private:
  int signal_;
  unsigned seen_;
};

}  // namespace cairn
