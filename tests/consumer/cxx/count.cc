#include <cairn/cairn.hpp>
#include <iostream>
#include <map>
#include <string>

int main() {
  std::map<std::string, int> counts;
  auto session = cairn::Session::open({}).value();
  session.protect("counts", counts);
  const auto generation = session.restore().value().generation;
  ++counts["count"];
  session.checkpoint().value();
  std::cout << "generation " << generation << ", count " << counts["count"] << "\n";
}
