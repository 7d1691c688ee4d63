// Hardhat serves as a development node only: the contracts are compiled by scripts/compile.py.
import { defineConfig } from "hardhat/config";

export default defineConfig({
  paths: {
    sources: "./cache/hardhat/sources",
    tests: "./cache/hardhat/tests",
    cache: "./cache/hardhat/cache",
    artifacts: "./cache/hardhat/artifacts",
  },
  networks: {
    node: { type: "edr-simulated", chainType: "l1", chainId: 31337, hardfork: "prague" },
  },
});
