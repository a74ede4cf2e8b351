#include <cairn/session.h>
#include <bitset>
#include <chrono>
#include <complex>
#include <random>
struct Plain {
  int a;
  double b[3];
  std::array<float, 2> c;
  struct {
    int x;
    char y[4];
  } d;
};
struct User {
  static constexpr std::uint32_t cairn_version = 1;
  int a = 0;
  std::string b;
  void save(cairn::Writer& out) const { out(a, b); }
  void load(cairn::Reader& in, std::uint32_t) { in(a, b); }
};
struct UPtr {
  double* p;
  static constexpr std::uint32_t cairn_version = 1;
  void save(cairn::Writer& out) const { out(*p); }
  void load(cairn::Reader& in, std::uint32_t) { in(*p); }
};
enum class Color : short { red };
void f(cairn::Session& s) {
  int i;
  double d[3][4];
  std::array<std::array<float, 2>, 3> arr;
  std::vector<double> v;
  std::vector<Plain> vp;
  Plain pl;
  User u;
  UPtr up;
  std::vector<std::string> vs;
  std::map<std::string, int> m;
  std::unordered_map<std::string, std::vector<int>> um;
  std::unordered_set<int> us;
  std::unordered_multimap<int, int> umm;
  std::mt19937 rng;
  std::ranlux24 r24;
  std::knuth_b kb;
  std::independent_bits_engine<std::minstd_rand, 20, unsigned> ib;
  std::normal_distribution<double> nd;
  std::discrete_distribution<int> dd;
  std::uniform_int_distribution<long> ud;
  std::piecewise_constant_distribution<float> pc;
  std::optional<int> oi;
  std::variant<int, std::string> var;
  std::tuple<int, std::string> tu;
  std::tuple<> te;
  std::pair<int, double> pa;
  std::deque<int> dq;
  std::list<std::string> li;
  std::set<int> se;
  std::multimap<int, int> mm;
  std::complex<double> z;
  std::bitset<70> bs;
  std::chrono::seconds sec;
  std::chrono::steady_clock::time_point tp;
  Color col;
  std::vector<bool> vb;
  std::string st;
  std::vector<std::vector<double>> vv;
  std::string names[3];
  std::vector<User> vu;
  std::array<std::mt19937, 2> am;
  std::optional<User> ou;
  std::vector<std::pair<int, int>> vpi;
  bool b;
  std::byte by;
  std::vector<std::array<double, 3>> va3;
  std::vector<std::complex<float>> vz;
  s.protect("a", i);
  s.protect("a", d);
  s.protect("a", arr);
  s.protect("a", v);
  s.protect("a", vp);
  s.protect("a", pl);
  s.protect("a", u);
  s.protect("a", vs);
  s.protect("a", m);
  s.protect("a", um);
  s.protect("a", us);
  s.protect("", rng);
  s.protect("", r24);
  s.protect("", kb);
  s.protect("", ib);
  s.protect("", nd);
  s.protect("", dd);
  s.protect("", ud);
  s.protect("", pc);
  s.protect("", oi);
  s.protect("", var);
  s.protect("", tu);
  s.protect("", te);
  s.protect("", pa);
  s.protect("", dq);
  s.protect("", li);
  s.protect("", se);
  s.protect("", mm);
  s.protect("", z);
  s.protect("", bs);
  s.protect("", sec);
  s.protect("", tp);
  s.protect("", col);
  s.protect("", vb);
  s.protect("", st);
  s.protect("", vv);
  s.protect("", names);
  s.protect("", vu);
  s.protect("", am);
  s.protect("", ou);
  s.protect("", vpi);
  s.protect("", b);
  s.protect("", by);
  s.protect("", std::span(v));
  s.protect("", std::span(vs));
  s.protect("", std::span<double, 3>(d[0], 3));
  s.protect("", umm);
  s.protect("", va3);
  s.protect("", vz);
  s.protect("", up);
}
