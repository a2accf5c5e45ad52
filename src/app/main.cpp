#include <span>
#include <string>
#include <vector>

#include "app/commands.hpp"

int main(int argc, char** argv) {
  return atelier::app::run_command_line(std::vector<std::string>(argv + 1, argv + argc));
}
